// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "lib/digest/digest.h"
#include "lib/policy/tree.h"

namespace fettle::policy {

// One file of a tree by digest.
struct ManifestEntry {
  std::string path;
  Digest digest;
  uint64_t size = 0;
  bool executable = false;
  bool operator==(const ManifestEntry&) const = default;
};

// A tree without its content: entries sorted by path, each once.
struct Manifest {
  std::vector<ManifestEntry> entries;
  bool operator==(const Manifest&) const = default;
};

Manifest ManifestOf(const Tree& tree);

// The canonical text, a line a file: "<sha256> <size> <- or x> <path>\n", x for an executable one.
std::string EncodeManifest(const Manifest& manifest);

// The inverse: kInvalidArgument, with the line, for every text that EncodeManifest cannot have
// written (unsorted, a path twice, a path that leaves the tree, sizes beyond the limits of tree.h).
absl::StatusOr<Manifest> ParseManifest(std::string_view text);

// The digest of a tree: SHA-256 of its manifest's text. Equal trees, equal digests.
Digest TreeDigest(const Tree& tree);

}  // namespace fettle::policy
