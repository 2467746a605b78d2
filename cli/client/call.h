// SPDX-License-Identifier: Apache-2.0
// Inside cli/client only: one unary call.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include "cli/client/connection.h"

namespace fettle::cli {

// Most calls; those that carry content have more.
inline constexpr absl::Duration kCallTime = absl::Seconds(30);
inline constexpr absl::Duration kContentTime = absl::Minutes(10);

inline absl::Status FromGrpc(const grpc::Status& status) {
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

inline void SetDeadline(grpc::ClientContext& context, absl::Duration time) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + time));
}

// Calls `method` of a stub on `connection` and explains what goes wrong.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Call(const Connection& connection,
                              Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                           const Request&,
                                                           Response*),
                              const Request& request,
                              absl::Duration time = kCallTime) {
  grpc::ClientContext context;
  SetDeadline(context, time);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) {
    return connection.Explain(FromGrpc(status));
  }
  return response;
}

}  // namespace fettle::cli
