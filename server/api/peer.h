// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/pki/identity.h"

namespace fettle::server {

// Whoever is at the other end, as the certificate says. TLS has verified that it is of our
// authority.
struct Peer {
  pki::Identity identity;
  std::string serial;
  absl::Time expires;

  // "user/ann", "host/web1": for the audit log.
  std::string Who() const;
};

// Reads the certificate: whom it stands for is its one URI name (fettle://host/x, fettle://user/x),
// never its common name or whatever name comes first. kPermissionDenied for anything else.
absl::StatusOr<Peer> PeerOfCertificate(std::string_view pem);

// "192.0.2.1" of gRPC's "ipv4:192.0.2.1:4711", "2001:db8::1" of "ipv6:%5B2001:db8::1%5D:4711".
std::string AddressOf(std::string_view grpc_peer);

}  // namespace fettle::server
