// SPDX-License-Identifier: Apache-2.0
#include "server/http/caller.h"

#include "lib/base/status_macros.h"
#include "server/api/web_sessions.h"

namespace fettle::server::http {

absl::StatusOr<Caller> CallerOf(const Context& context, const Request& request) {
  const std::string_view cookie = request.Cookie(kCookie);
  if (!cookie.empty()) {
    if (const auto session = context.web_sessions.Find(cookie); session.has_value()) {
      return Caller{session->peer, session->expires, true};
    }
  }
  if (!request.certificate.empty()) {
    ASSIGN_OR_RETURN(Peer peer, PeerOfCertificate(request.certificate));
    const absl::Time expires = peer.expires;
    return Caller{std::move(peer), expires, false};
  }
  return absl::UnauthenticatedError(
      cookie.empty() ? "log in first: `fettle console` prints a token, or show a certificate"
                     : "this session is over; `fettle console` prints a token for a new one");
}

absl::Status CheckOrigin(const Request& request, bool by_cookie) {
  const std::string_view origin = request.Header("origin");
  const std::string_view site = request.Header("sec-fetch-site");
  const bool foreign =
      !origin.empty() && origin != fmt::format("https://{}", request.Header("host"));
  if (foreign || site == "cross-site" || site == "same-site") {
    return PermissionDenied("this request comes from a page of another site");
  }
  const bool ours =
      request.Header("connect-protocol-version") == "1" || request.Header("x-fettle") == "1";
  if (by_cookie && !ours) {
    return PermissionDenied(
        "a request with a cookie wants the header Connect-Protocol-Version: 1 or X-Fettle: 1");
  }
  return absl::OkStatus();
}

std::string SetCookie(std::string_view value, absl::Duration lasts) {
  return fmt::format("{}={}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={}",
                     kCookie,
                     value,
                     value.empty() ? 0 : absl::ToInt64Seconds(lasts));
}

}  // namespace fettle::server::http
