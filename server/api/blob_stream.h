// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "fettle/v1/agent.pb.h"
#include "server/store/store.h"

// Blobs on the wire, in chunks, both ways.
namespace fettle::server {

// Sends one chunk; false when the other end is gone.
using SendChunk = std::function<bool(const v1::BlobChunk&)>;

// The digests that are asked for: at most 1,000, each of 32 bytes. kInvalidArgument.
absl::StatusOr<std::vector<Digest>> WantedBlobs(const v1::FetchBlobsRequest& request);

// Sends each blob whole, in the order given, in chunks of at most 256 KiB. kNotFound names the blob
// that is not there.
absl::Status SendBlobs(PolicyStore& store,
                       const std::vector<Digest>& digests,
                       const SendChunk& send);

// Puts blobs together from chunks as they come, and stores them, many in one commit. One thread.
class BlobReceiver {
 public:
  explicit BlobReceiver(PolicyStore& store) : store_(store) {}

  // kInvalidArgument for a blob that is too large, or whose content has another digest than it says
  // (it is not kept).
  absl::Status Take(const v1::BlobChunk& chunk);

  // After the last chunk. Answers how many were stored; kInvalidArgument if a blob is not all
  // there.
  absl::StatusOr<uint64_t> Finish();

 private:
  absl::Status Flush();

  PolicyStore& store_;
  std::string digest_;  // Of the blob that is coming; "" between blobs.
  std::string data_;
  std::vector<Blob> whole_;  // Not stored yet.
  std::size_t whole_bytes_ = 0;
  uint64_t stored_ = 0;
};

}  // namespace fettle::server
