// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "lib/base/deadline.h"
#include "lib/sys/files.h"
#include "modules/directory/keep.h"

// What is below a directory, as far as `recurse` and `purge` have to do with it. Only for
// modules/directory.
namespace fettle::modules {

struct SurveyOptions {
  bool recurse = false;  // Everything below; otherwise only as far as purge needs.
  bool purge = false;
  uint64_t max_entries = 10000;
};

struct Entry {
  std::string path;      // Absolute.
  std::string relative;  // To the directory.
  sys::FileStat stat;
};

struct Survey {
  std::vector<Entry> managed;  // What recurse puts right: files and directories, parents first.
  std::vector<Entry> foreign;  // What purge removes, each with all below it.
};

// Walks below `root`, a directory. What is kept is neither managed nor foreign; with recurse a
// directory that is kept is entered all the same. Enters no link, no other file system and no mount
// point; mounts are neither managed nor foreign. kFailedPrecondition when there is more than
// max_entries, kDeadlineExceeded in time.
absl::StatusOr<Survey> SurveyBelow(const std::string& root,
                                   const KeepList& keep,
                                   const SurveyOptions& options,
                                   const sys::FileReader& files,
                                   Deadline deadline);

}  // namespace fettle::modules
