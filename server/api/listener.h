// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace grpc {
class Channel;
class Server;
class ServerCredentials;
class Service;
}  // namespace grpc

namespace fettle::server {

// One listening gRPC server with its services. Safe from any thread.
class Listener {
 public:
  // `address` "host:port"; port 0 takes a free one. kUnavailable when it cannot be had.
  static absl::StatusOr<std::unique_ptr<Listener>> Start(
      const std::string& address,
      std::shared_ptr<grpc::ServerCredentials> credentials,
      std::vector<std::unique_ptr<grpc::Service>> services);
  ~Listener();

  int port() const { return port_; }

  // For calls from inside this process; they need no certificate (local_callers.h). Ends with the
  // server.
  std::shared_ptr<grpc::Channel> InProcess();

  // Takes no more connections; calls that are not over after `grace` are cancelled.
  void Shutdown(absl::Duration grace);

 private:
  explicit Listener(std::vector<std::unique_ptr<grpc::Service>> services);

  std::vector<std::unique_ptr<grpc::Service>> services_;  // Outlive the server.
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace fettle::server
