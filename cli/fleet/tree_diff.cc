// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/tree_diff.h"

#include "lib/base/status_macros.h"
#include "lib/base/unified_diff.h"

namespace fettle::cli {
namespace {

using Entry = std::optional<policy::ManifestEntry>;

std::string Side(const Entry& entry, char side) {
  return entry.has_value() ? fmt::format("{}/{}", side, entry->path) : "/dev/null";
}

std::string_view Content(const Entry& entry, const std::map<Digest, std::string>& blobs) {
  if (!entry.has_value()) {
    return {};
  }
  const auto blob = blobs.find(entry->digest);
  return blob == blobs.end() ? std::string_view() : std::string_view(blob->second);
}

// A line for what a diff of the content does not show.
std::string ModeLine(const FileChange& change) {
  if (change.before.has_value() && change.after.has_value() &&
      change.before->executable != change.after->executable) {
    return fmt::format("{} {}\n",
                       change.path,
                       change.after->executable ? "becomes executable" : "is no longer executable");
  }
  return "";
}

}  // namespace

const char* FileChange::Kind() const {
  if (!before.has_value()) {
    return "added";
  }
  if (!after.has_value()) {
    return "removed";
  }
  return before->digest == after->digest ? "mode" : "changed";
}

std::vector<FileChange> DiffManifests(const policy::Manifest& before,
                                      const policy::Manifest& after) {
  std::vector<FileChange> changes;
  auto left = before.entries.begin();
  auto right = after.entries.begin();
  while (left != before.entries.end() || right != after.entries.end()) {
    const bool no_left = left == before.entries.end();
    const bool no_right = right == after.entries.end();
    if (no_right || (!no_left && left->path < right->path)) {
      changes.push_back({left->path, *left, std::nullopt});
      ++left;
    } else if (no_left || right->path < left->path) {
      changes.push_back({right->path, std::nullopt, *right});
      ++right;
    } else {
      if (*left != *right) {
        changes.push_back({left->path, *left, *right});
      }
      ++left;
      ++right;
    }
  }
  return changes;
}

std::vector<Digest> BlobsOf(const std::vector<FileChange>& changes) {
  std::vector<Digest> digests;
  for (const FileChange& change : changes) {
    for (const Entry& entry : {change.before, change.after}) {
      if (entry.has_value()) {
        digests.push_back(entry->digest);
      }
    }
  }
  return digests;
}

std::string FormatChange(const FileChange& change, const std::map<Digest, std::string>& blobs) {
  std::string text = ModeLine(change);
  if (change.before.has_value() && change.after.has_value() &&
      change.before->digest == change.after->digest) {
    return text;
  }
  text += fmt::format("--- {}\n+++ {}\n", Side(change.before, 'a'), Side(change.after, 'b'));
  return text + UnifiedDiff(Content(change.before, blobs), Content(change.after, blobs));
}

}  // namespace fettle::cli
