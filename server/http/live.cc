// SPDX-License-Identifier: Apache-2.0
#include "server/http/live.h"

#include <memory>

#include "absl/time/clock.h"
#include <nlohmann/json.hpp>

#include "lib/base/status_macros.h"
#include "server/api/access.h"
#include "server/api/scope.h"
#include "server/http/caller.h"
#include "server/http/connect_error.h"

namespace fettle::server::http {
namespace {

constexpr absl::Duration kHeartbeat = absl::Seconds(15);
constexpr absl::Duration kTogether = absl::Milliseconds(100);

// Who listens, as of now: nobody any more who is logged out or revoked.
absl::StatusOr<Viewer> ViewerNow(const Context& context, const Request& request) {
  ASSIGN_OR_RETURN(const Caller caller, CallerOf(context, request));
  return ViewerOf(context, caller.peer);
}

// What they may see.
absl::StatusOr<Scope> ScopeNow(const Context& context, const Request& request) {
  ASSIGN_OR_RETURN(const Viewer viewer, ViewerNow(context, request));
  return Scope::Of(context, viewer);
}

// Whether somebody may begin to listen. That an auditor does is written down, once.
absl::Status Admit(const Context& context, const Request& request) {
  ASSIGN_OR_RETURN(const Viewer viewer, ViewerNow(context, request));
  RETURN_IF_ERROR(Scope::Of(context, viewer).status());
  return viewer.role == "auditor"
             ? context.auditor.Record(context.auditor.Entry(viewer.who, "query", "/events"))
             : absl::OkStatus();
}

std::string TextOf(const std::vector<Change>& changes) {
  std::string text = changes.empty() ? ": still here\n\n" : "";
  for (const Change& change : changes) {
    text += EventText(change);
  }
  return text;
}

}  // namespace

std::string EventText(const Change& change) {
  const nlohmann::json data = {{"kind", KindName(change.kind)}, {"host", change.host}};
  return fmt::format("event: changed\ndata: {}\n\n",
                     data.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
}

Response Live::Handle(const Request& request) const {
  if (request.method != "GET") {
    Response refused = TextResponse(405, "GET alone");
    refused.headers.emplace_back("Allow", "GET");
    return refused;
  }
  if (const absl::Status admitted = Admit(context_, request); !admitted.ok()) {
    return ErrorResponse(admitted);
  }
  const std::shared_ptr<ChangeFeed::Listener> listener = context_.changes.Listen();
  if (listener == nullptr) {
    Response response = ErrorResponse(Unavailable("too many listen already; look again later"));
    response.headers.emplace_back("Retry-After", "30");
    return response;
  }
  Response response;
  response.headers = {{"Content-Type", "text/event-stream"},
                      {"Cache-Control", "no-store"},
                      {"X-Accel-Buffering", "no"}};
  response.stream = [this, request, listener](const SendPart& send) {
    bool reads = send("retry: 2000\n\n");
    while (reads && !listener->closed()) {
      std::vector<Change> changes = listener->Take(kHeartbeat);
      const auto scope = ScopeNow(context_, request);
      if (scope.ok()) {
        std::erase_if(changes, [&](const Change& change) {
          return !change.host.empty() && !scope->Shows(change.host);
        });
      }
      reads = scope.ok() && send(TextOf(changes));
      if (reads && !changes.empty() && !listener->closed()) {
        absl::SleepFor(kTogether);  // What comes meanwhile is said together.
      }
    }
  };
  return response;
}

}  // namespace fettle::server::http
