// SPDX-License-Identifier: Apache-2.0
#include "cli/client/fleet_client.h"

#include "cli/client/call.h"
#include "fettle/v1/fleet.grpc.pb.h"

namespace fettle::cli {
namespace {

using Stub = v1::Fleet::Stub;

// Beyond what the server waits for hosts.
constexpr absl::Duration kServersOwnTime = absl::Seconds(30);

template <typename Open>
absl::Status ReadAnswers(const Connection& connection,
                         absl::Duration time,
                         const FleetClient::OnAnswer& on_answer,
                         Open open) {
  grpc::ClientContext context;
  SetDeadline(context, time + kServersOwnTime);
  const auto reader = open(context);
  v1::HostAnswer answer;
  while (reader->Read(&answer)) {
    on_answer(std::move(answer));
    answer.Clear();
  }
  const grpc::Status status = reader->Finish();
  return status.ok() ? absl::OkStatus() : connection.Explain(FromGrpc(status));
}

}  // namespace

absl::StatusOr<v1::ListHostsResponse> FleetClient::ListHosts(
    const v1::ListHostsRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::ListHosts, request);
}

absl::StatusOr<v1::HostDetail> FleetClient::GetHost(const v1::GetHostRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::GetHost, request);
}

absl::StatusOr<v1::Host> FleetClient::UpdateHost(const v1::UpdateHostRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::UpdateHost, request);
}

absl::StatusOr<v1::CreateTokenResponse> FleetClient::CreateToken(
    const v1::CreateTokenRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::CreateToken, request);
}

absl::StatusOr<v1::ListTokensResponse> FleetClient::ListTokens() const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::ListTokens, v1::ListTokensRequest());
}

absl::StatusOr<v1::RevokeResponse> FleetClient::Revoke(const v1::RevokeRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::Revoke, request);
}

absl::StatusOr<v1::RequestRunResponse> FleetClient::RequestRun(
    const v1::RequestRunRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::RequestRun, request);
}

absl::StatusOr<v1::PauseResponse> FleetClient::Pause(const v1::PauseRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::Pause, request);
}

absl::Status FleetClient::PlanHosts(const v1::PlanHostsRequest& request,
                                    const OnAnswer& on_answer) const {
  Stub stub(connection_.channel());
  return ReadAnswers(connection_, absl::Seconds(request.seconds()), on_answer, [&](auto& context) {
    return stub.PlanHosts(&context, request);
  });
}

absl::Status FleetClient::ApplyPlan(const v1::ApplyPlanRequest& request,
                                    const OnAnswer& on_answer) const {
  Stub stub(connection_.channel());
  return ReadAnswers(connection_, absl::Seconds(request.seconds()), on_answer, [&](auto& context) {
    return stub.ApplyPlan(&context, request);
  });
}

}  // namespace fettle::cli
