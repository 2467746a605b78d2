// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "lib/policy/tree.h"

namespace fettle::policy {

// The tree in `directory`. What version control keeps (.git, .hg, .svn) is left out; everything
// else is in, empty directories excepted. Refuses links, devices, sockets and pipes, names that
// are not UTF-8, and whatever passes a limit of tree.h; every error names the path. A file is never
// opened through a link.
absl::StatusOr<Tree> LoadTree(const std::string& directory);

}  // namespace fettle::policy
