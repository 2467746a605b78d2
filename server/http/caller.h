// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/api/context.h"
#include "server/api/peer.h"
#include "server/http/message.h"

// Who sends a request, and whether a page of somebody else's makes the browser send it.
namespace fettle::server::http {

// "__Host-": browsers take it from this very host alone, over TLS, for all paths.
inline constexpr char kCookie[] = "__Host-fettle";

struct Caller {
  Peer peer;
  absl::Time expires;      // Of the session, or of the certificate.
  bool by_cookie = false;  // By a session; otherwise by certificate.
};

// A session counts for more than a certificate: one has asked for it. kUnauthenticated: neither is
// there, or the session is over; kPermissionDenied: the certificate is nobody's. Whether it is
// still good is for the service that is called to say.
absl::StatusOr<Caller> CallerOf(const Context& context, const Request& request);

// For what changes something. kPermissionDenied: the request comes from a page of another site (its
// Origin or Sec-Fetch-Site says so), or it carries a cookie without the header that only our own
// pages can add. Pure.
absl::Status CheckOrigin(const Request& request, bool by_cookie);

// Set-Cookie for a session of this value; "" ends it.
std::string SetCookie(std::string_view value, absl::Duration lasts);

}  // namespace fettle::server::http
