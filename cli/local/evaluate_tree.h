// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

#include "cli/local/catalog_cache.h"
#include "lib/digest/digest.h"
#include "lib/policy/tree.h"
#include "lib/recipe/evaluate.h"
#include "lib/sys/host.h"

namespace fettle::cli {

// The blobs of a policy tree that is in memory. The tree must outlive it. Safe from many threads.
class TreeBlobs final : public sys::BlobReader {
 public:
  explicit TreeBlobs(const policy::Tree& tree);
  absl::StatusOr<std::string> Blob(const Digest& digest) const override;

 private:
  absl::flat_hash_map<Digest, const policy::TreeFile*> files_;
};

// Whom a tree is evaluated for, as the command line says it.
struct Subject {
  std::string host;                 // "": this machine's name.
  std::vector<std::string> labels;  // "key=value".
};

struct EvaluatedTree {
  resource::Catalog catalog;
  std::optional<Digest> digest;  // Its CatalogDigest(), where it was to be had for nothing.
};

// Evaluates `tree` in the sandbox with the facts of `host`. kInvalidArgument lists every problem,
// one a line, with file, line and chain of includes. With a `cache` (null: none) a catalog that the
// same program made of the same inputs is taken from there, and a new one goes there.
absl::StatusOr<EvaluatedTree> EvaluateTree(const policy::Tree& tree,
                                           const Subject& subject,
                                           const sys::HostReader& host,
                                           const CatalogCache* cache = nullptr);

}  // namespace fettle::cli
