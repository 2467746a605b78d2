// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "cli/client/credentials.h"

namespace grpc {  // NOLINT(readability-identifier-naming): not ours to choose
class Channel;
}

namespace fettle::cli {

// A channel to one server, which connects when first used. A value; copies share the channel.
class Connection {
 public:
  // To the server of `credentials`, as their user.
  static Connection Open(const Credentials& credentials);

  // To the enrolment listener `address`, as nobody, trusting `ca_pem` alone.
  static Connection Anonymous(const std::string& address, const std::string& ca_pem);

  // `status` of a call in words that help. Where the server itself spoke they are its own; where it
  // could not be reached this looks (for at most three seconds) at how far one gets, and says
  // whether nobody answers (kUnavailable), another server does (kPermissionDenied), or it does not
  // take our certificate (kUnauthenticated).
  absl::Status Explain(const absl::Status& status) const;

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  const std::string& address() const { return address_; }

 private:
  Connection(std::string address, std::string ca_pem, std::shared_ptr<grpc::Channel> channel)
      : address_(std::move(address)), ca_pem_(std::move(ca_pem)), channel_(std::move(channel)) {}

  absl::Status ExplainUnavailable(const absl::Status& status) const;

  std::string address_;
  std::string ca_pem_;
  std::shared_ptr<grpc::Channel> channel_;  // gRPC's stubs want it shared.
};

}  // namespace fettle::cli
