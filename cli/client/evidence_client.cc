// SPDX-License-Identifier: Apache-2.0
#include "cli/client/evidence_client.h"

#include "cli/client/call.h"
#include "fettle/v1/evidence.grpc.pb.h"

namespace fettle::cli {
namespace {

using Stub = v1::Evidence::Stub;

}  // namespace

absl::StatusOr<v1::ListLeavesResponse> EvidenceClient::ListLeaves(
    const v1::ListLeavesRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::ListLeaves, request);
}

absl::StatusOr<v1::GetHeadResponse> EvidenceClient::GetHead() const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::GetHead, v1::GetHeadRequest());
}

absl::StatusOr<v1::ProveConsistencyResponse> EvidenceClient::ProveConsistency(
    const v1::ProveConsistencyRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::ProveConsistency, request);
}

absl::Status EvidenceClient::Export(
    const v1::ExportRequest& request,
    const std::function<absl::Status(const std::string&)>& take) const {
  Stub stub(connection_.channel());
  grpc::ClientContext context;
  SetDeadline(context, kContentTime);
  const auto reader = stub.Export(&context, request);
  absl::Status taken;
  v1::ExportPart part;
  while (taken.ok() && reader->Read(&part)) {
    taken = take(part.data());
  }
  if (!taken.ok()) {
    context.TryCancel();
  }
  const grpc::Status status = reader->Finish();
  if (taken.ok() && !status.ok()) {
    return connection_.Explain(FromGrpc(status));
  }
  return taken;
}

}  // namespace fettle::cli
