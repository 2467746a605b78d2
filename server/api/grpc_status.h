// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include <grpcpp/support/status.h>

namespace fettle::server {

// The codes are the same on both sides. A message too long for gRPC's trailer is cut, and says so.
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace fettle::server
