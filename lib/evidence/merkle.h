// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/digest/digest.h"

// Merkle trees as RFC 6962 (and 9162) hash them: an append-only list of leaves with one hash over
// all of it, from which can be proven that a leaf is in it and that one list is the beginning of
// another. Pure: where hashes are kept is the caller's (HashSource).
namespace fettle::evidence {

Digest LeafHash(std::string_view leaf);
Digest NodeHash(const Digest& left, const Digest& right);

// Of a tree without leaves.
Digest EmptyRoot();

// A complete subtree: the leaves [index << level, (index + 1) << level).
struct Subtree {
  int level = 0;
  uint64_t index = 0;

  uint64_t first() const { return index << level; }

  uint64_t end() const { return (index + 1) << level; }

  bool operator==(const Subtree&) const = default;
};

// The largest complete subtrees that the leaves [from, to) consist of, from left to right.
std::vector<Subtree> Cover(uint64_t from, uint64_t to);

// The hashes of complete subtrees of one log.
class HashSource {
 public:
  virtual ~HashSource() = default;
  virtual absl::StatusOr<Digest> HashOf(const Subtree& subtree) const = 0;
};

// The root of the first `size` leaves. Asks for O(log size) hashes, as the proofs do.
absl::StatusOr<Digest> RootOf(const HashSource& source, uint64_t size);

// That leaf `number` is in the tree of the first `size`; kInvalidArgument when it is not.
absl::StatusOr<std::vector<Digest>> InclusionProof(const HashSource& source,
                                                   uint64_t number,
                                                   uint64_t size);

// That the first `older` leaves are the beginning of the first `newer`; kInvalidArgument when there
// are more of them.
absl::StatusOr<std::vector<Digest>> ConsistencyProof(const HashSource& source,
                                                     uint64_t older,
                                                     uint64_t newer);

// A tree of which the size and the root are known.
struct TreeHead {
  uint64_t size = 0;
  Digest root;
  bool operator==(const TreeHead&) const = default;
};

// OK if `proof` shows that `leaf_hash` is leaf `number` of `head`; kPermissionDenied otherwise.
absl::Status VerifyInclusion(const TreeHead& head,
                             uint64_t number,
                             const Digest& leaf_hash,
                             std::span<const Digest> proof);

// OK if `proof` shows that `older` is the beginning of `newer`; kPermissionDenied otherwise.
absl::Status VerifyConsistency(const TreeHead& older,
                               const TreeHead& newer,
                               std::span<const Digest> proof);

// Builds a root from complete subtrees that follow each other. One thread at a time.
class RootBuilder {
 public:
  // Leaves added so far.
  uint64_t size() const { return size_; }

  // kInvalidArgument unless it begins where the last one ended.
  absl::Status Add(const Subtree& subtree, const Digest& hash);

  // The next leaf.
  void AddLeaf(const Digest& leaf_hash);

  Digest Root() const;

 private:
  struct Peak {
    int level = 0;
    Digest hash;
  };

  void Push(int level, Digest hash);

  uint64_t size_ = 0;
  std::vector<Peak> peaks_;  // Levels fall from left to right.
};

}  // namespace fettle::evidence
