// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/lab/clone_layer.h"

// What was written to a clone, read off its upper layers.
namespace fettle::lab {

// State of one entry of an upper layer; equal states: nothing was written to it in between.
struct LayerEntry {
  uint64_t inode = 0;
  int64_t changed_ns = 0;
  bool gone = false;  // A mark that the machine's own entry is not there in the clone.
  bool operator==(const LayerEntry&) const = default;
};

// Everything in the upper layers, by its path in the clone.
using LayerSnapshot = std::map<std::string, LayerEntry>;

LayerSnapshot TakeSnapshot(const std::vector<Layer>& layers);

struct FileChange {
  std::string path;
  std::string change;  // "added", "changed", "removed".
  bool operator==(const FileChange&) const = default;
};

// What was written since `before` and differs from the machine's own files, by path. Folders are
// named only when they were added or removed, or have another owner or mode.
std::vector<FileChange> ChangesSince(const LayerSnapshot& before, const std::vector<Layer>& layers);

// Whether `path` belongs to what a running system and its package manager write on their own: logs,
// caches, random seeds, the package database.
bool IsBookkeeping(const std::string& path);

}  // namespace fettle::lab
