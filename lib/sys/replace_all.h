// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "lib/sys/files.h"

namespace fettle::sys {

// FileWriter::ReplaceAll(), for paths below the root of the machine itself. `alone` replaces the
// file at an index all by itself: those that are written in place or validated first.
//
// How a batch is safe against a power loss with so few syncs: a name is moved to new content only
// after that content is on disk, as for a single file; only that one sync makes all contents
// durable and one makes all names durable. Up to kFewFiles each file is synced by itself, so that a
// small change never waits for what others have written to the same file system.
std::vector<absl::Status> ReplaceFiles(std::span<const FileReplacement> files,
                                       const std::function<absl::Status(std::size_t)>& alone);

inline constexpr std::size_t kFewFiles = 16;

}  // namespace fettle::sys
