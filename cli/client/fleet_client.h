// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <utility>

#include "absl/status/statusor.h"

#include "cli/client/connection.h"

namespace fettle::v1 {
class ApplyPlanRequest;
class CreateTokenRequest;
class CreateTokenResponse;
class GetHostRequest;
class Host;
class HostDetail;
class HostAnswer;
class ListHostsRequest;
class ListHostsResponse;
class ListTokensResponse;
class RequestRunRequest;
class RequestRunResponse;
class PauseRequest;
class PauseResponse;
class PlanHostsRequest;
class RevokeRequest;
class RevokeResponse;
class UpdateHostRequest;
}  // namespace fettle::v1

namespace fettle::cli {

// The service Fleet (fleet.proto says what each call does). Errors are as Connection::Explain()
// gives them.
class FleetClient {
 public:
  explicit FleetClient(Connection connection) : connection_(std::move(connection)) {}

  absl::StatusOr<v1::ListHostsResponse> ListHosts(const v1::ListHostsRequest& request) const;
  absl::StatusOr<v1::HostDetail> GetHost(const v1::GetHostRequest& request) const;
  absl::StatusOr<v1::Host> UpdateHost(const v1::UpdateHostRequest& request) const;
  absl::StatusOr<v1::CreateTokenResponse> CreateToken(const v1::CreateTokenRequest& request) const;
  absl::StatusOr<v1::ListTokensResponse> ListTokens() const;
  absl::StatusOr<v1::RevokeResponse> Revoke(const v1::RevokeRequest& request) const;
  absl::StatusOr<v1::RequestRunResponse> RequestRun(const v1::RequestRunRequest& request) const;
  absl::StatusOr<v1::PauseResponse> Pause(const v1::PauseRequest& request) const;

  // Calls `on_answer` with each answer as it comes; done when the last has come. Both wait as long
  // as the request says, which must say it.
  using OnAnswer = std::function<void(v1::HostAnswer)>;
  absl::Status PlanHosts(const v1::PlanHostsRequest& request, const OnAnswer& on_answer) const;
  absl::Status ApplyPlan(const v1::ApplyPlanRequest& request, const OnAnswer& on_answer) const;

 private:
  Connection connection_;
};

}  // namespace fettle::cli
