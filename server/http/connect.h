// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

#include "server/api/context.h"
#include "server/http/caller.h"
#include "server/http/message.h"

namespace grpc {
class Channel;
}

namespace fettle::server::http {

// The services for people in the Connect protocol's JSON: POST /fettle.v1.SERVICE/METHOD. One
// answer, or a stream of them (application/connect+json); a stream of requests is gRPC's alone.
// Requests are made messages and given to the very handlers that gRPC calls. Safe from any thread.
class ConnectApi {
 public:
  // `channel` is Listener::InProcess() of the services.
  ConnectApi(const Context& context, std::shared_ptr<grpc::Channel> channel)
      : context_(context), channel_(std::move(channel)) {}

  // Whether the path is one of a service.
  static bool Serves(const Request& request);

  Response Handle(const Request& request) const;

 private:
  struct Method;

  absl::StatusOr<Method> Find(const Request& request) const;
  Response HandleUnary(const Request& request, const Method& method, const Peer& peer) const;
  Response HandleStream(const Request& request, const Method& method, const Peer& peer) const;

  const Context context_;
  const std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace fettle::server::http
