// SPDX-License-Identifier: Apache-2.0
#include "cli/client/policy_client.h"

#include <algorithm>
#include <functional>
#include <set>
#include <span>

#include "cli/client/call.h"
#include "fettle/v1/policy.grpc.pb.h"
#include "lib/base/status_macros.h"

namespace fettle::cli {
namespace {

using Stub = v1::Policy::Stub;

constexpr std::size_t kChunkBytes = 256U << 10;
constexpr std::size_t kDigestsPerQuestion = 10'000;
constexpr std::size_t kBlobsPerFetch = 1'000;  // What the contract allows.

// Calls `take` with `digests` in parts of at most `most`.
absl::Status InParts(const std::vector<Digest>& digests,
                     std::size_t most,
                     const std::function<absl::Status(std::span<const Digest>)>& take) {
  std::span<const Digest> rest(digests);
  while (!rest.empty()) {
    const std::size_t count = std::min(most, rest.size());
    RETURN_IF_ERROR(take(rest.first(count)));
    rest = rest.subspan(count);
  }
  return absl::OkStatus();
}

// False when the server has ended the call; Finish() then says why.
bool WriteBlob(grpc::ClientWriter<v1::BlobChunk>& writer,
               const Digest& digest,
               std::string_view content) {
  bool last = false;
  while (!last) {
    last = content.size() <= kChunkBytes;
    v1::BlobChunk chunk;
    chunk.set_digest(std::string(digest.Raw()));
    chunk.set_data(std::string(content.substr(0, kChunkBytes)));
    chunk.set_last(last);
    if (!writer.Write(chunk)) {
      return false;
    }
    content.remove_prefix(std::min(kChunkBytes, content.size()));
  }
  return true;
}

absl::Status Fetch(const Connection& connection,
                   std::span<const Digest> digests,
                   std::map<Digest, std::string>& found) {
  v1::FetchBlobsRequest request;
  for (const Digest& digest : digests) {
    request.add_digests(std::string(digest.Raw()));
  }
  Stub stub(connection.channel());
  grpc::ClientContext context;
  SetDeadline(context, kContentTime);
  const auto reader = stub.GetBlobs(&context, request);
  v1::BlobChunk chunk;
  while (reader->Read(&chunk)) {
    ASSIGN_OR_RETURN(const Digest digest, Digest::FromRaw(chunk.digest()));
    found[digest] += chunk.data();
  }
  if (const grpc::Status status = reader->Finish(); !status.ok()) {
    return connection.Explain(FromGrpc(status));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Digest>> PolicyClient::MissingBlobs(
    const std::vector<Digest>& digests) const {
  std::vector<Digest> missing;
  Stub stub(connection_.channel());
  RETURN_IF_ERROR(InParts(digests, kDigestsPerQuestion, [&](std::span<const Digest> part) {
    v1::MissingBlobsRequest request;
    for (const Digest& digest : part) {
      request.add_digests(std::string(digest.Raw()));
    }
    ASSIGN_OR_RETURN(const v1::MissingBlobsResponse response,
                     Call(connection_, stub, &Stub::MissingBlobs, request));
    for (const std::string& raw : response.digests()) {
      ASSIGN_OR_RETURN(const Digest digest, Digest::FromRaw(raw));
      missing.push_back(digest);
    }
    return absl::OkStatus();
  }));
  return missing;
}

absl::Status PolicyClient::UploadBlobs(const std::map<Digest, std::string_view>& blobs) const {
  Stub stub(connection_.channel());
  grpc::ClientContext context;
  SetDeadline(context, kContentTime);
  v1::UploadBlobsResponse response;
  const auto writer = stub.UploadBlobs(&context, &response);
  for (const auto& [digest, content] : blobs) {
    if (!WriteBlob(*writer, digest, content)) {
      break;
    }
  }
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  return status.ok() ? absl::OkStatus() : connection_.Explain(FromGrpc(status));
}

absl::StatusOr<std::map<Digest, std::string>> PolicyClient::GetBlobs(
    const std::vector<Digest>& digests) const {
  std::map<Digest, std::string> found;
  // Each once: a blob that is asked for twice comes twice.
  const std::set<Digest> different(digests.begin(), digests.end());
  const std::vector<Digest> wanted(different.begin(), different.end());
  RETURN_IF_ERROR(InParts(wanted, kBlobsPerFetch, [&](std::span<const Digest> part) {
    return Fetch(connection_, part, found);
  }));
  for (const Digest& digest : wanted) {
    const auto blob = found.find(digest);
    if (blob == found.end() || Sha256(blob->second) != digest) {
      return absl::DataLossError(
          fmt::format("the server at {} answered with other content than blob {}",
                      connection_.address(),
                      digest.Hex()));
    }
  }
  return found;
}

absl::StatusOr<v1::PublishResponse> PolicyClient::Publish(const v1::PublishRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::Publish, request, kContentTime);
}

absl::StatusOr<v1::ListRevisionsResponse> PolicyClient::ListRevisions(
    const v1::ListRevisionsRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::ListRevisions, request);
}

absl::StatusOr<v1::Revision> PolicyClient::GetRevision(const std::string& name) const {
  Stub stub(connection_.channel());
  v1::GetRevisionRequest request;
  request.set_name(name);
  return Call(connection_, stub, &Stub::GetRevision, request);
}

absl::StatusOr<v1::SetChannelResponse> PolicyClient::SetChannel(
    const v1::SetChannelRequest& request) const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::SetChannel, request);
}

absl::StatusOr<v1::ListChannelsResponse> PolicyClient::ListChannels() const {
  Stub stub(connection_.channel());
  return Call(connection_, stub, &Stub::ListChannels, v1::ListChannelsRequest());
}

}  // namespace fettle::cli
