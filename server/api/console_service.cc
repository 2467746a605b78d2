// SPDX-License-Identifier: Apache-2.0
#include "fettle/v1/console.grpc.pb.h"
#include "lib/base/status_macros.h"
#include "server/api/access.h"
#include "server/api/grpc_status.h"
#include "server/api/services.h"
#include "server/api/web_sessions.h"

namespace fettle::server {
namespace {

constexpr uint32_t kUsualSeconds = 300;
constexpr uint32_t kMostSeconds = 3600;

class ConsoleService final : public v1::Console::Service {
 public:
  explicit ConsoleService(const Context& context) : context_(context) {}

  grpc::Status OfferLogin(grpc::ServerContext* call,
                          const v1::OfferLoginRequest* request,
                          v1::OfferLoginResponse* response) override {
    return ToGrpc(Offer(*call, *request, response));
  }

 private:
  absl::Status Offer(const grpc::ServerContextBase& call,
                     const v1::OfferLoginRequest& request,
                     v1::OfferLoginResponse* response) {
    ASSIGN_OR_RETURN(const Viewer viewer, RequireViewer(context_, call, "OfferLogin", request));
    ASSIGN_OR_RETURN(const Peer peer, PeerOf(context_, call));
    const int port = context_.web_sessions.port();
    if (port == 0) {
      return FailedPrecondition(
          "this server has no console: its configuration says [http] listen = \"off\"");
    }
    const uint32_t seconds = request.valid_seconds() == 0 ? kUsualSeconds : request.valid_seconds();
    if (seconds > kMostSeconds) {
      return InvalidArgument("a token for the console is good for at most {} minutes",
                             kMostSeconds / 60);
    }
    const auto ticket = context_.web_sessions.Offer(peer, absl::Seconds(seconds));
    context_.auditor.Act(
        viewer.who, "console token", fmt::format("good until {}", Rfc3339(ticket.expires)));
    response->set_token(ticket.token);
    response->set_expires_us(absl::ToUnixMicros(ticket.expires));
    response->set_port(static_cast<uint32_t>(port));
    return absl::OkStatus();
  }

  const Context context_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeConsoleService(const Context& context) {
  return std::make_unique<ConsoleService>(context);
}

}  // namespace fettle::server
