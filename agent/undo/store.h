// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "agent/journal/disk.h"
#include "agent/undo/run_record.h"
#include "lib/digest/digest.h"

namespace fettle::undo {

// How much is kept of the past: the oldest runs go first.
struct Bounds {
  std::size_t runs = 200;
  uint64_t bytes = 256 << 20;
  absl::Duration age = absl::Hours(24 * 90);
};

// What was before each run, in a folder for root alone: a file a run to which records are appended,
// and the old contents of files by digest. All of it is sealed with a key of this host
// (AES-256-GCM; the file "key" beside it), so that a copy of the folder without the key shows
// nothing. A record cut short by a kill is not there. One thread at a time, under the run lock.
class Store {
 public:
  // Makes the folder and the key if they are missing.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& directory,
                                                     const Bounds& bounds = {});

  // Appends to the run's file, made with `began` if it is not there. Durable after Sync().
  absl::Status Append(const Began& began, const Record& record);
  absl::Status Append(const std::string& run, const Record& record);

  // Makes all that was appended or kept durable.
  absl::Status Sync();

  // kNotFound when nothing is kept of `run`.
  absl::StatusOr<RunRecord> Read(const std::string& run) const;

  // Ids of the runs of which something is kept, oldest first.
  absl::StatusOr<std::vector<std::string>> Runs() const;

  // The run that `text` means: an id, the end of one, or "last". kNotFound, or kInvalidArgument
  // when several fit.
  absl::StatusOr<std::string> Find(const std::string& text) const;

  absl::Status Keep(const Digest& digest, std::string_view content);
  bool Has(const Digest& digest) const;
  // kNotFound when it had to make room; kFailedPrecondition when it is damaged.
  absl::StatusOr<std::string> Content(const Digest& digest) const;

  // Makes room; `spared` is never dropped.
  absl::Status Trim(absl::Time now, const std::set<std::string>& spared);

  const std::string& directory() const { return directory_; }

 private:
  Store(std::string directory, std::string key, const Bounds& bounds)
      : directory_(std::move(directory)), key_(std::move(key)), bounds_(bounds) {}

  std::string RunPath(const std::string& run) const { return directory_ + "/" + run + ".run"; }

  std::string ContentPath(const Digest& digest) const;
  absl::Status OpenRun(const std::string& run);
  absl::Status Write(const Record& record);
  absl::StatusOr<uint64_t> Bytes(const std::vector<std::string>& runs) const;
  absl::StatusOr<bool> DropOldest(absl::Time now, const std::set<std::string>& spared);
  absl::Status DropContents(const std::vector<std::string>& runs);

  const std::string directory_;
  const std::string key_;
  const Bounds bounds_;
  std::string open_run_;  // Whose file `file_` is.
  journal::File file_;
  bool dirty_ = false;
  bool kept_ = false;  // Contents were kept since the last sync.
};

}  // namespace fettle::undo
