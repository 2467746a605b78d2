// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/digest/digest.h"
#include "lib/sys/host.h"

namespace fettle::agent {

// Content by digest, in a folder of its own. Nothing in it is believed: what is read is hashed, and
// what is damaged (a bad disk, a power loss before Sync()) is removed and not there any more, so
// that it is fetched again. Safe from many threads.
class BlobStore final : public sys::BlobReader {
 public:
  explicit BlobStore(std::string directory) : directory_(std::move(directory)) {}

  absl::StatusOr<std::string> Blob(const Digest& digest) const override;

  // Whether there is something under this digest; not whether it is whole.
  bool Has(const Digest& digest) const;

  // Keeps `data`; durable after Sync(). kDataLoss when it is not what `digest` names.
  absl::Status Put(const Digest& digest, std::string_view data);

  // Makes all of it durable, at the cost of one sync of the file system.
  absl::Status Sync() const;

  // Removes all but these.
  absl::Status Prune(const absl::flat_hash_set<Digest>& keep);

 private:
  std::string FolderOf(const Digest& digest) const;
  std::string PathOf(const Digest& digest) const;

  const std::string directory_;
};

}  // namespace fettle::agent
