// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace grpc {
class Channel;
}

namespace fettle::server::http {

// A call of one request, with one answer or a stream of them.
struct InProcessCall {
  std::string method;   // "/fettle.v1.Fleet/ListHosts"
  std::string caller;   // LocalCallers::Entry::id().
  std::string request;  // As protobuf writes it.
  absl::Duration within;
};

// Takes an answer, as protobuf writes it; false when no more are wanted.
using TakeAnswer = std::function<bool(const std::string&)>;

// Calls a service of this process as gRPC would from outside: the same handler, the same limits.
// Answers what the handler did.
absl::Status Call(const std::shared_ptr<grpc::Channel>& channel,
                  const InProcessCall& call,
                  const TakeAnswer& take);

}  // namespace fettle::server::http
