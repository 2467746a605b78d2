// SPDX-License-Identifier: Apache-2.0
#include "lib/policy/delta.h"

#include <set>
#include <utility>

#include "lib/base/status_macros.h"

namespace fettle::policy {

std::vector<Digest> MissingBlobs(const Manifest& manifest,
                                 const std::function<bool(const Digest&)>& have) {
  std::vector<Digest> missing;
  std::set<Digest> seen;
  for (const ManifestEntry& entry : manifest.entries) {
    if (seen.insert(entry.digest).second && !have(entry.digest)) {
      missing.push_back(entry.digest);
    }
  }
  return missing;
}

absl::StatusOr<Tree> AssembleTree(
    const Manifest& manifest,
    const std::function<std::optional<std::string>(const Digest&)>& blob) {
  Tree tree;
  for (const ManifestEntry& entry : manifest.entries) {
    std::optional<std::string> content = blob(entry.digest);
    if (!content.has_value()) {
      return NotFound("{}: its content {} is missing", entry.path, entry.digest.Hex());
    }
    if (content->size() != entry.size) {
      return absl::DataLossError(fmt::format("{}: content is {} bytes, the manifest says {}",
                                             entry.path,
                                             content->size(),
                                             entry.size));
    }
    RETURN_IF_ERROR(tree.Add(entry.path, *std::move(content), entry.executable));
    if (tree.Find(entry.path)->digest != entry.digest) {
      return absl::DataLossError(
          fmt::format("{}: content does not have the digest {} of the manifest",
                      entry.path,
                      entry.digest.Hex()));
    }
  }
  return tree;
}

}  // namespace fettle::policy
