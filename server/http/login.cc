// SPDX-License-Identifier: Apache-2.0
#include "server/http/login.h"

#include <nlohmann/json.hpp>

#include "lib/base/status_macros.h"
#include "server/api/access.h"
#include "server/api/web_sessions.h"
#include "server/http/caller.h"
#include "server/http/connect_error.h"

namespace fettle::server::http {
namespace {

// {"user":"ann","role":"viewer","filter":"","expiresUs":…}
std::string Describe(const Peer& peer, const Viewer& viewer, absl::Time expires, bool cookie) {
  const nlohmann::json session = {{"user", peer.identity.name},
                                  {"role", viewer.role},
                                  {"filter", viewer.filter},
                                  {"expiresUs", absl::ToUnixMicros(expires)},
                                  {"by", cookie ? "session" : "certificate"}};
  return session.dump();
}

// The token in the body; "" if there is none.
std::string TokenOf(const Request& request) {
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  if (!body.is_object() || !body.contains("token") || !body["token"].is_string()) {
    return "";
  }
  return body["token"].get<std::string>();
}

}  // namespace

Response Login::Handle(const Request& request) {
  if (request.method == "GET" || request.method == "HEAD") {
    return Show(request);
  }
  if (request.method == "POST") {
    return Open(request);
  }
  if (request.method == "DELETE") {
    return Close(request);
  }
  Response refused = TextResponse(405, "GET, POST or DELETE");
  refused.headers.emplace_back("Allow", "GET, POST, DELETE");
  return refused;
}

Response Login::Fail(const Request& request, const absl::Status& why) {
  limit_.Failed(request.address);
  context_.auditor.Denied("console/" + request.address, fmt::format("log-in: {}", Message(why)));
  return ErrorResponse(why);
}

Response Login::Open(const Request& request) {
  if (!limit_.Allows(request.address)) {
    Response response = ErrorResponse(
        absl::ResourceExhaustedError("too many tries to log in; wait a minute, then try again"));
    response.headers.emplace_back("Retry-After", "60");
    return response;
  }
  // A form of another site can send no JSON. A token is no cookie: no header of ours is asked for.
  if (!request.Header("content-type").starts_with("application/json")) {
    return TextResponse(415, "logging in takes Content-Type: application/json");
  }
  if (const absl::Status origin = CheckOrigin(request, false); !origin.ok()) {
    return Fail(request, origin);
  }
  const std::string token = TokenOf(request);
  if (token.empty()) {
    return ErrorResponse(InvalidArgument("logging in takes {{\"token\": \"…\"}}"));
  }
  const auto opened = context_.web_sessions.Open(token);
  if (!opened.ok()) {
    return Fail(request, opened.status());
  }
  const Peer& peer = opened->session.peer;
  const auto viewer = ViewerOf(context_, peer);
  if (!viewer.ok()) {
    context_.web_sessions.Close(opened->cookie);
    return Fail(request, viewer.status());
  }
  context_.auditor.Act(peer.Who(), "console log-in", "from " + request.address);
  Response response = JsonResponse(200, Describe(peer, *viewer, opened->session.expires, true));
  response.headers.emplace_back(
      "Set-Cookie", SetCookie(opened->cookie, opened->session.expires - context_.clock.Now()));
  return response;
}

Response Login::Show(const Request& request) const {
  const auto caller = CallerOf(context_, request);
  if (!caller.ok()) {
    return ErrorResponse(caller.status());
  }
  const auto viewer = ViewerOf(context_, caller->peer);
  if (!viewer.ok()) {
    // Whatever is wrong with it, one has to log in anew.
    return ErrorResponse(
        absl::Status(absl::StatusCode::kUnauthenticated, viewer.status().message()));
  }
  return JsonResponse(200, Describe(caller->peer, *viewer, caller->expires, caller->by_cookie));
}

Response Login::Close(const Request& request) {
  const auto caller = CallerOf(context_, request);
  if (caller.ok() && caller->by_cookie) {
    if (const absl::Status origin = CheckOrigin(request, true); !origin.ok()) {
      return ErrorResponse(origin);
    }
    context_.web_sessions.Close(request.Cookie(kCookie));
    context_.auditor.Act(caller->peer.Who(), "console log-out", "from " + request.address);
  }
  Response response;
  response.status = 204;
  response.headers = {{"Cache-Control", "no-store"},
                      {"Set-Cookie", SetCookie("", absl::ZeroDuration())}};
  return response;
}

}  // namespace fettle::server::http
