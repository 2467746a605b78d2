// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/digest/digest.h"
#include "lib/policy/manifest.h"

namespace fettle::cli {

// One file that two trees do not have alike.
struct FileChange {
  std::string path;
  std::optional<policy::ManifestEntry> before;  // nullopt: added.
  std::optional<policy::ManifestEntry> after;   // nullopt: removed.

  // "added", "removed", "changed", or "mode" when only that differs.
  const char* Kind() const;
};

// What differs between two trees, by path.
std::vector<FileChange> DiffManifests(const policy::Manifest& before,
                                      const policy::Manifest& after);

// The blobs whose content FormatChange needs.
std::vector<Digest> BlobsOf(const std::vector<FileChange>& changes);

// One change as a unified diff with file headers, as patch(1) and git read it ("a/…", "b/…",
// "/dev/null"). `blobs` holds at least what BlobsOf named.
std::string FormatChange(const FileChange& change, const std::map<Digest, std::string>& blobs);

}  // namespace fettle::cli
