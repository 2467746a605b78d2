// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace fettle::cli {

// What git says of a folder.
struct GitState {
  bool work_tree = false;  // Whether it is in one with a commit; else the rest is empty.
  std::string commit;      // Hexadecimal.
  bool dirty = false;      // Files below the folder are not as in the commit, or not in it (also
                           // ignored ones: they are published).
  std::string author;      // "Name <address>" as git would commit; "" if it has none.
};

// Asks git. No work tree, no commit or no git at all is an answer, not an error;
// kFailedPrecondition when git will not say (in a work tree of another user, for one).
absl::StatusOr<GitState> ReadGit(const std::string& folder);

}  // namespace fettle::cli
