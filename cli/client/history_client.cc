// SPDX-License-Identifier: Apache-2.0
#include "cli/client/history_client.h"

#include "cli/client/call.h"
#include "fettle/v1/history.grpc.pb.h"

namespace fettle::cli {
namespace {

using Stub = v1::History::Stub;

}  // namespace

absl::StatusOr<v1::DriftResponse> HistoryClient::Drift(const v1::DriftRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::Drift, request);
}

absl::StatusOr<v1::RunsResponse> HistoryClient::Runs(const v1::RunsRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::Runs, request);
}

absl::StatusOr<v1::HostHistoryResponse> HistoryClient::HostHistory(
    const v1::HostHistoryRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::HostHistory, request);
}

absl::StatusOr<v1::PackagesResponse> HistoryClient::Packages(
    const v1::PackagesRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::Packages, request);
}

absl::StatusOr<v1::PackageChangesResponse> HistoryClient::PackageChanges(
    const v1::PackageChangesRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::PackageChanges, request);
}

}  // namespace fettle::cli
