// SPDX-License-Identifier: Apache-2.0
#include "cli/client/enrollment_client.h"

#include "cli/client/call.h"
#include "fettle/v1/enrollment.grpc.pb.h"

namespace fettle::cli {

absl::StatusOr<v1::EnrollResponse> Enroll(const Connection& connection,
                                          const v1::EnrollRequest& request) {
  v1::Enrollment::Stub stub(connection.channel());
  return Call(connection, stub, &v1::Enrollment::Stub::Enroll, request);
}

}  // namespace fettle::cli
