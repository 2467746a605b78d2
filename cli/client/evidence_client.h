// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "cli/client/connection.h"

namespace fettle::v1 {
class ExportRequest;
class GetHeadResponse;
class ListLeavesRequest;
class ListLeavesResponse;
class ProveConsistencyRequest;
class ProveConsistencyResponse;
}  // namespace fettle::v1

namespace fettle::cli {

// The service Evidence (evidence.proto says what each call does). Errors are as
// Connection::Explain() gives them.
class EvidenceClient {
 public:
  explicit EvidenceClient(Connection connection) : connection_(std::move(connection)) {}

  absl::StatusOr<v1::ListLeavesResponse> ListLeaves(const v1::ListLeavesRequest& request) const;
  absl::StatusOr<v1::GetHeadResponse> GetHead() const;
  absl::StatusOr<v1::ProveConsistencyResponse> ProveConsistency(
      const v1::ProveConsistencyRequest& request) const;
  // Gives the bundle to `take` piece by piece; its error ends the call.
  absl::Status Export(const v1::ExportRequest& request,
                      const std::function<absl::Status(const std::string&)>& take) const;

 private:
  Connection connection_;
};

}  // namespace fettle::cli
