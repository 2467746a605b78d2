// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"

#include "cli/client/connection.h"

namespace fettle::v1 {
class EnrollRequest;
class EnrollResponse;
}  // namespace fettle::v1

namespace fettle::cli {

// The first certificate, on a connection made by Connection::Anonymous. Errors are the server's:
// Enrollment.Enroll says which.
absl::StatusOr<v1::EnrollResponse> Enroll(const Connection& connection,
                                          const v1::EnrollRequest& request);

}  // namespace fettle::cli
