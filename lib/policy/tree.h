// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"

#include "lib/digest/digest.h"

namespace fettle::policy {

// What a tree may be at most, whoever it comes from.
inline constexpr std::size_t kMaxFiles = 100'000;
inline constexpr uint64_t kMaxFileBytes = 16U << 20;
inline constexpr uint64_t kMaxTreeBytes = 256U << 20;
inline constexpr std::size_t kMaxPathBytes = 1024;

// One file of a tree.
struct TreeFile {
  std::string content;
  bool executable = false;
  Digest digest;  // Of the content.
};

// A policy tree in memory: files by path. Paths are relative, with '/' between names, in UTF-8
// without control characters, and have no "." or ".." in them (CheckPath). A value; not changed by
// those who read it.
class Tree {
 public:
  using Files = std::map<std::string, TreeFile, std::less<>>;

  // Puts a file into the tree. kInvalidArgument for a path that CheckPath refuses, one that is
  // there already, or one that is a directory of others (or the other way round);
  // kFailedPrecondition when a limit is passed. Each names the path.
  absl::Status Add(std::string_view path, std::string content, bool executable = false);

  // Null when there is none.
  const TreeFile* Find(std::string_view path) const;

  // Sorted by path.
  const Files& files() const { return files_; }

  uint64_t total_bytes() const { return total_bytes_; }

 private:
  absl::Status CheckPlace(std::string_view path) const;

  Files files_;
  uint64_t total_bytes_ = 0;
};

// Whether `path` may stand in a tree; kInvalidArgument that says why not.
absl::Status CheckPath(std::string_view path);

}  // namespace fettle::policy
