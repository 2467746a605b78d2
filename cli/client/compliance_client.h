// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "absl/status/statusor.h"

#include "cli/client/connection.h"

namespace fettle::v1 {
class AssessRequest;
class AssessResponse;
class TrendRequest;
class TrendResponse;
}  // namespace fettle::v1

namespace fettle::cli {

// The service Compliance (compliance.proto says what each call does). Errors are as
// Connection::Explain() gives them.
class ComplianceClient {
 public:
  explicit ComplianceClient(Connection connection) : connection_(std::move(connection)) {}

  absl::StatusOr<v1::AssessResponse> Assess(const v1::AssessRequest& request) const;
  absl::StatusOr<v1::TrendResponse> Trend(const v1::TrendRequest& request) const;

 private:
  Connection connection_;
};

}  // namespace fettle::cli
