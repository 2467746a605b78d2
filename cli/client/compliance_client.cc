// SPDX-License-Identifier: Apache-2.0
#include "cli/client/compliance_client.h"

#include "cli/client/call.h"
#include "fettle/v1/compliance.grpc.pb.h"

namespace fettle::cli {

absl::StatusOr<v1::AssessResponse> ComplianceClient::Assess(
    const v1::AssessRequest& request) const {
  v1::Compliance::Stub stub(connection_.channel());
  return Call(connection_, stub, &v1::Compliance::Stub::Assess, request);
}

absl::StatusOr<v1::TrendResponse> ComplianceClient::Trend(const v1::TrendRequest& request) const {
  v1::Compliance::Stub stub(connection_.channel());
  return Call(connection_, stub, &v1::Compliance::Stub::Trend, request, kContentTime);
}

}  // namespace fettle::cli
