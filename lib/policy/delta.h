// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "lib/digest/digest.h"
#include "lib/policy/manifest.h"
#include "lib/policy/tree.h"

namespace fettle::policy {

// The digests of the manifest whose content `have` does not know, each once, in order of path: what
// must be fetched to go from what one has to this tree.
std::vector<Digest> MissingBlobs(const Manifest& manifest,
                                 const std::function<bool(const Digest&)>& have);

// The tree of a manifest, from content that `blob` finds by digest. Nothing `blob` says is
// believed: a blob that is missing is kNotFound, one whose size or digest differs is kDataLoss;
// both name the path.
absl::StatusOr<Tree> AssembleTree(
    const Manifest& manifest, const std::function<std::optional<std::string>(const Digest&)>& blob);

}  // namespace fettle::policy
