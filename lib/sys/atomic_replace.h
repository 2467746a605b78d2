// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/sys/files.h"
#include "lib/sys/place.h"
#include "lib/sys/unique_fd.h"

namespace fettle::sys {

// The one atomic replace, in steps, so that many files can share their syncs: Stage() all, sync the
// file system once, Swap() all, sync once more. ReplaceFile() does all steps for one file. A
// Replacement that is destroyed before Swap() removes its temporary. One thread at a time.
class Replacement {
 public:
  // Opens the directory, looks at what is there and refuses what must not be swapped: a directory,
  // a link, a device, an immutable file, a mount point, several links. `options` must outlive it.
  static absl::StatusOr<Replacement> Begin(const std::string& path, const ReplaceOptions& options);

  Replacement(Replacement&&) = default;
  Replacement& operator=(Replacement&&) = delete;
  ~Replacement();

  // Writes the temporary beside the file and gives it owner, mode, access lists, attributes, label.
  absl::Status Stage(std::string_view content);

  // Asks options.validate, if there is one.
  absl::Status Validate();

  // Makes the temporary's content durable. Must have happened (or a sync of the file system) before
  // Swap(), or a power loss may leave an empty file.
  absl::Status SyncContent();

  // Gives up the descriptors of the old and the new file, when SyncContent() has been called or a
  // sync of the whole file system does its work.
  void CloseFiles();

  // The descriptor of the directory, valid as long as this is.
  int directory() const { return place_.directory.get(); }

  // Looks once more whether the file is the one expected (kAborted), then renames over it. Between
  // that look and the rename(2) lie some microseconds in which a foreign write can still be lost; a
  // new file has no such gap.
  absl::Status Swap();

  // Makes the new name durable.
  absl::Status SyncName();

 private:
  Replacement(Place place, const ReplaceOptions& options)
      : place_(std::move(place)), options_(&options) {}

  absl::Status CheckOld();
  absl::Status CopyAttributes();

  Place place_;
  const ReplaceOptions* options_;
  UniqueFd old_;           // What is there, if it could be opened; for its attributes.
  UniqueFd staged_;        // The temporary.
  std::string temporary_;  // Its name; "" when there is none (any more).
};

// As FileWriter::Replace(), without `in_place`.
absl::Status ReplaceFile(const std::string& path,
                         std::string_view content,
                         const ReplaceOptions& options);

// As FileWriter::Replace() with `in_place`: keeps the inode, so links and bind mounts stay. Not
// safe against a crash; room is claimed first and the old content put back when writing fails.
absl::Status OverwriteFile(const std::string& path,
                           std::string_view content,
                           const ReplaceOptions& options);

// kAborted unless what stands at `place` is `expected` (nullopt: nothing).
absl::Status CheckExpected(const Place& place, const std::optional<FileStat>& expected);

}  // namespace fettle::sys
