// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"

namespace fettle::journal {

// What was at a path before a run of ours changed it.
struct Preimage {
  std::string run;
  std::string resource;  // "file:/etc/motd".
  std::string path;
  absl::Time at;
  bool existed = false;
  Digest content;  // Of a regular file; empty when it was none (or too large to keep).
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  bool operator==(const Preimage&) const = default;
};

// The old contents of files, by digest, in a folder for root alone; bounded: the oldest go first.
// One thread at a time, under the run lock.
class Preimages {
 public:
  explicit Preimages(std::string directory, uint64_t max_bytes = 64 << 20)
      : directory_(std::move(directory)), max_bytes_(max_bytes) {}

  // Keeps what was there. `content` is that of `preimage.content`, or "" when that is empty.
  // Durable after Sync().
  absl::Status Keep(const Preimage& preimage, std::string_view content);

  // Makes all that was kept durable, at the cost of one sync.
  absl::Status Sync();

  // What `run` changed, in the order in which it did, as far as it is still kept.
  absl::StatusOr<std::vector<Preimage>> OfRun(std::string_view run) const;

  // kNotFound when it had to make room for newer ones.
  absl::StatusOr<std::string> Content(const Digest& digest) const;

  // Makes room. Called at the end of a run that kept some.
  absl::Status Trim();

 private:
  absl::StatusOr<std::vector<Preimage>> ReadLog() const;

  std::string LogPath() const { return directory_ + "/log"; }

  std::string ContentPath(const Digest& digest) const { return directory_ + "/" + digest.Hex(); }

  const std::string directory_;
  const uint64_t max_bytes_;
};

}  // namespace fettle::journal
