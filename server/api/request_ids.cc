// SPDX-License-Identifier: Apache-2.0
#include "server/api/request_ids.h"

#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <grpcpp/support/interceptor.h>
#include <grpcpp/support/server_interceptor.h>
#include <spdlog/spdlog.h>

#include "lib/log/request.h"

namespace fettle::server {
namespace {

using grpc::experimental::InterceptionHookPoints;

constexpr std::string_view kSessions = "/fettle.v1.AgentGateway/";

// What went wrong here rather than in the question.
bool IsOurFault(grpc::StatusCode code) {
  return code == grpc::StatusCode::INTERNAL || code == grpc::StatusCode::UNKNOWN ||
         code == grpc::StatusCode::DATA_LOSS;
}

std::string Given(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  const auto found = metadata.find(log::kRequestIdHeader);
  return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
}

class Interceptor final : public grpc::experimental::Interceptor {
 public:
  explicit Interceptor(std::string method) : method_(std::move(method)) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) {
      id_ = log::RequestIdFrom(Given(*methods->GetRecvInitialMetadata()));
      // The thread goes on with the call, and begins the next one by saying that one's.
      log::SetRequestId(id_);
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->emplace(log::kRequestIdHeader, id_);
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      End(methods);
    }
    methods->Proceed();
  }

 private:
  void End(grpc::experimental::InterceptorBatchMethods* methods) const {
    const grpc::Status status = methods->GetSendStatus();
    if (status.ok()) {
      spdlog::debug("{}: done", method_);
    } else if (IsOurFault(status.error_code())) {
      spdlog::error("{}: {}", method_, status.error_message());
      methods->ModifySendStatus(
          {status.error_code(), fmt::format("{} (request {})", status.error_message(), id_)});
    } else {
      spdlog::debug("{}: {}", method_, status.error_message());
    }
    log::SetRequestId("");
  }

  const std::string method_;
  std::string id_;
};

class Factory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    const std::string_view method = info->method();
    // The library owns it.
    return method.starts_with(kSessions) ? nullptr : new Interceptor(std::string(method));
  }
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> RequestIds() {
  return std::make_unique<Factory>();
}

}  // namespace fettle::server
