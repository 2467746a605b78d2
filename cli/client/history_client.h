// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "absl/status/statusor.h"

#include "cli/client/connection.h"

namespace fettle::v1 {
class DriftRequest;
class DriftResponse;
class HostHistoryRequest;
class HostHistoryResponse;
class PackageChangesRequest;
class PackageChangesResponse;
class PackagesRequest;
class PackagesResponse;
class RunsRequest;
class RunsResponse;
}  // namespace fettle::v1

namespace fettle::cli {

// The service History (history.proto says what each call does). Errors are as
// Connection::Explain() gives them.
class HistoryClient {
 public:
  explicit HistoryClient(Connection connection) : connection_(std::move(connection)) {}

  absl::StatusOr<v1::DriftResponse> Drift(const v1::DriftRequest& request) const;
  absl::StatusOr<v1::RunsResponse> Runs(const v1::RunsRequest& request) const;
  absl::StatusOr<v1::HostHistoryResponse> HostHistory(const v1::HostHistoryRequest& request) const;
  absl::StatusOr<v1::PackagesResponse> Packages(const v1::PackagesRequest& request) const;
  absl::StatusOr<v1::PackageChangesResponse> PackageChanges(
      const v1::PackageChangesRequest& request) const;

 private:
  Connection connection_;
};

}  // namespace fettle::cli
