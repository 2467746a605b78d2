// SPDX-License-Identifier: Apache-2.0
#include "server/api/listener.h"

#include <chrono>

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/resource_quota.h>

#include "lib/base/status_macros.h"
#include "server/api/request_ids.h"

namespace fettle::server {
namespace {

constexpr int kMaxMessage = 4 << 20;
constexpr int kMaxThreads = 64;  // Of calls that wait for the store; those beyond are refused.

struct Argument {
  const char* name;
  int value;
};

// Measured with many idle agents: the bandwidth probe costs more than half of a heartbeat, and the
// frame buffer is most of what TLS keeps for a connection.
constexpr Argument kArguments[] = {
    {"grpc.http2.bdp_probe", 0},
    {"grpc.tsi.max_frame_size", 4096},
    {"grpc.max_concurrent_streams", 16},
    {"grpc.keepalive_time_ms", 240'000},
    {"grpc.keepalive_timeout_ms", 20'000},
    {"grpc.http2.min_ping_interval_without_data_ms", 60'000},
    {"grpc.so_reuseport", 0},
};

}  // namespace

Listener::Listener(std::vector<std::unique_ptr<grpc::Service>> services)
    : services_(std::move(services)) {}

Listener::~Listener() {
  Shutdown(absl::ZeroDuration());
}

absl::StatusOr<std::unique_ptr<Listener>> Listener::Start(
    const std::string& address,
    std::shared_ptr<grpc::ServerCredentials> credentials,
    std::vector<std::unique_ptr<grpc::Service>> services) {
  std::unique_ptr<Listener> listener(new Listener(std::move(services)));
  grpc::ServerBuilder builder;
  grpc::ResourceQuota quota;
  quota.SetMaxThreads(kMaxThreads);
  builder.SetResourceQuota(quota);
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
  builder.SetMaxReceiveMessageSize(kMaxMessage);
  for (const Argument& argument : kArguments) {
    builder.AddChannelArgument(argument.name, argument.value);
  }
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(RequestIds());
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  builder.AddListeningPort(address, std::move(credentials), &listener->port_);
  for (const auto& service : listener->services_) {
    builder.RegisterService(service.get());
  }
  listener->server_ = builder.BuildAndStart();
  if (listener->server_ == nullptr || listener->port_ == 0) {
    return Unavailable(
        "cannot listen on {}: is the port taken, or the address not of this machine?", address);
  }
  return listener;
}

std::shared_ptr<grpc::Channel> Listener::InProcess() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);  // As much as a caller over TLS may choose to take.
  return server_->InProcessChannel(arguments);
}

void Listener::Shutdown(absl::Duration grace) {
  if (server_ != nullptr) {
    server_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(grace));
    server_->Wait();
  }
}

}  // namespace fettle::server
