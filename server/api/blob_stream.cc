// SPDX-License-Identifier: Apache-2.0
#include "server/api/blob_stream.h"

#include <utility>

#include "lib/base/status_macros.h"
#include "lib/policy/tree.h"
#include "lib/wire/report_wire.h"

namespace fettle::server {
namespace {

constexpr std::size_t kChunk = 256 << 10;
constexpr int kMaxWanted = 1000;
constexpr std::size_t kFlushBytes = 4 << 20;
constexpr std::size_t kFlushBlobs = 500;

}  // namespace

absl::StatusOr<std::vector<Digest>> WantedBlobs(const v1::FetchBlobsRequest& request) {
  if (request.digests_size() > kMaxWanted) {
    return InvalidArgument(
        "{} blobs asked for in one call; at most {} are", request.digests_size(), kMaxWanted);
  }
  std::vector<Digest> digests;
  for (const std::string& raw : request.digests()) {
    ASSIGN_OR_RETURN(digests.emplace_back(), Digest::FromRaw(raw));
  }
  return digests;
}

absl::Status SendBlobs(PolicyStore& store,
                       const std::vector<Digest>& digests,
                       const SendChunk& send) {
  for (const Digest& digest : digests) {
    ASSIGN_OR_RETURN(const std::string data, store.GetBlob(digest));
    std::size_t at = 0;
    do {
      v1::BlobChunk chunk;
      chunk.set_digest(wire::ToProto(digest));
      chunk.set_data(data.substr(at, kChunk));
      at += chunk.data().size();
      chunk.set_last(at == data.size());
      if (!send(chunk)) {
        return absl::CancelledError("the connection is lost");
      }
    } while (at < data.size());
  }
  return absl::OkStatus();
}

absl::Status BlobReceiver::Take(const v1::BlobChunk& chunk) {
  if (digest_.empty()) {
    digest_ = chunk.digest();
    data_.clear();
  }
  ASSIGN_OR_RETURN(const Digest digest, Digest::FromRaw(digest_));
  if (chunk.digest() != digest_) {
    return InvalidArgument("a chunk of another blob came before the last one of {}", digest.Hex());
  }
  if (data_.size() + chunk.data().size() > policy::kMaxFileBytes) {
    return InvalidArgument(
        "blob {} is larger than {} MiB", digest.Hex(), policy::kMaxFileBytes >> 20);
  }
  data_ += chunk.data();
  if (!chunk.last()) {
    return absl::OkStatus();
  }
  if (const Digest actual = Sha256(data_); actual != digest) {
    return InvalidArgument("blob {} has the digest {}: it was damaged on its way, or mislabelled",
                           digest.Hex(),
                           actual.Hex());
  }
  whole_bytes_ += data_.size();
  whole_.push_back({digest, std::exchange(data_, {})});
  digest_.clear();
  return whole_bytes_ >= kFlushBytes || whole_.size() >= kFlushBlobs ? Flush() : absl::OkStatus();
}

absl::Status BlobReceiver::Flush() {
  RETURN_IF_ERROR(store_.PutBlobs(whole_));
  stored_ += whole_.size();
  whole_.clear();
  whole_bytes_ = 0;
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> BlobReceiver::Finish() {
  RETURN_IF_ERROR(Flush());
  if (!digest_.empty()) {
    return InvalidArgument("the last blob is not all there");
  }
  return stored_;
}

}  // namespace fettle::server
