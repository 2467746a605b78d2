// SPDX-License-Identifier: Apache-2.0
#include "lib/evidence/merkle.h"

#include <algorithm>
#include <bit>
#include <iterator>

#include "lib/base/status_macros.h"

namespace fettle::evidence {
namespace {

constexpr int kMostLevels = 62;  // More leaves than anybody will write.
constexpr uint64_t kMostLeaves = uint64_t{1} << kMostLevels;

// How many leaves stand on the left of the root of a tree of `size` > 1: the largest power of two
// below it.
uint64_t LeftOf(uint64_t size) {
  return std::bit_floor(size - 1);
}

// The root of the leaves [from, to), where `from` begins a subtree that holds them all.
absl::StatusOr<Digest> RangeRoot(const HashSource& source, uint64_t from, uint64_t to) {
  const std::vector<Subtree> parts = Cover(from, to);
  if (parts.empty()) {
    return EmptyRoot();
  }
  ASSIGN_OR_RETURN(Digest root, source.HashOf(parts.back()));
  for (auto part = std::next(parts.rbegin()); part != parts.rend(); ++part) {
    ASSIGN_OR_RETURN(const Digest left, source.HashOf(*part));
    root = NodeHash(left, root);
  }
  return root;
}

absl::Status Refuted(std::string_view what) {
  return PermissionDenied("{}: the proof does not fit the tree", what);
}

}  // namespace

Digest LeafHash(std::string_view leaf) {
  thread_local Sha256Stream stream;
  stream.Update(std::string_view("\0", 1));
  stream.Update(leaf);
  return stream.Finish();
}

Digest NodeHash(const Digest& left, const Digest& right) {
  char bytes[65] = {1};
  std::copy(left.bytes.begin(), left.bytes.end(), bytes + 1);
  std::copy(right.bytes.begin(), right.bytes.end(), bytes + 33);
  return Sha256(std::string_view(bytes, sizeof bytes));
}

Digest EmptyRoot() {
  return Sha256("");
}

std::vector<Subtree> Cover(uint64_t from, uint64_t to) {
  std::vector<Subtree> parts;
  while (from < to) {
    const int aligned = from == 0 ? kMostLevels : std::countr_zero(from);
    const int fits = static_cast<int>(std::bit_width(to - from)) - 1;
    const int level = std::min(aligned, fits);
    parts.push_back({level, from >> level});
    from += uint64_t{1} << level;
  }
  return parts;
}

absl::StatusOr<Digest> RootOf(const HashSource& source, uint64_t size) {
  return RangeRoot(source, 0, size);
}

absl::StatusOr<std::vector<Digest>> InclusionProof(const HashSource& source,
                                                   uint64_t number,
                                                   uint64_t size) {
  if (number >= size) {
    return InvalidArgument("leaf {} is not in a log of {}", number, size);
  }
  std::vector<Digest> proof;
  uint64_t begin = 0;
  uint64_t end = size;
  while (end - begin > 1) {
    const uint64_t middle = begin + LeftOf(end - begin);
    const bool left = number < middle;
    ASSIGN_OR_RETURN(const Digest sibling,
                     RangeRoot(source, left ? middle : begin, left ? end : middle));
    proof.push_back(sibling);
    (left ? end : begin) = middle;
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

absl::StatusOr<std::vector<Digest>> ConsistencyProof(const HashSource& source,
                                                     uint64_t older,
                                                     uint64_t newer) {
  if (older > newer) {
    return InvalidArgument("a log of {} leaves is not the beginning of one of {}", older, newer);
  }
  std::vector<Digest> proof;
  if (older == 0) {
    return proof;
  }
  uint64_t begin = 0;
  uint64_t end = newer;
  while (end != older) {
    const uint64_t middle = begin + LeftOf(end - begin);
    const bool left = older <= middle;
    ASSIGN_OR_RETURN(const Digest sibling,
                     RangeRoot(source, left ? middle : begin, left ? end : middle));
    proof.push_back(sibling);
    (left ? end : begin) = middle;
  }
  if (begin != 0) {  // Otherwise it is the older root, which the verifier has.
    ASSIGN_OR_RETURN(const Digest rest, RangeRoot(source, begin, end));
    proof.push_back(rest);
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

absl::Status VerifyInclusion(const TreeHead& head,
                             uint64_t number,
                             const Digest& leaf_hash,
                             std::span<const Digest> proof) {
  if (number >= head.size) {
    return PermissionDenied("leaf {} is not in a log of {}", number, head.size);
  }
  uint64_t path = number;
  uint64_t last = head.size - 1;
  Digest root = leaf_hash;
  for (const Digest& sibling : proof) {
    if (last == 0) {
      return Refuted("inclusion");
    }
    if ((path & 1) != 0 || path == last) {
      root = NodeHash(sibling, root);
      while ((path & 1) == 0 && path != 0) {  // The last leaf of a level has no sibling there.
        path >>= 1;
        last >>= 1;
      }
    } else {
      root = NodeHash(root, sibling);
    }
    path >>= 1;
    last >>= 1;
  }
  return last == 0 && root == head.root ? absl::OkStatus() : Refuted("inclusion");
}

absl::Status VerifyConsistency(const TreeHead& older,
                               const TreeHead& newer,
                               std::span<const Digest> proof) {
  if (older.size > newer.size) {
    return PermissionDenied(
        "the newer head has {} leaves, the older one {}", newer.size, older.size);
  }
  if (older.size == newer.size || older.size == 0) {
    const bool same = older.size == 0 ? older.root == EmptyRoot() : older.root == newer.root;
    return proof.empty() && same ? absl::OkStatus() : Refuted("consistency");
  }
  if (proof.empty()) {
    return Refuted("consistency");
  }
  uint64_t path = older.size - 1;
  uint64_t last = newer.size - 1;
  const int whole = std::countr_one(path);
  path >>= whole;
  last >>= whole;
  // A complete older tree is itself the first hash, and is left out of the proof.
  Digest before = path == 0 ? older.root : proof.front();
  Digest after = before;
  for (const Digest& sibling : proof.subspan(path == 0 ? 0 : 1)) {
    if (last == 0) {
      return Refuted("consistency");
    }
    if ((path & 1) != 0 || path == last) {
      before = NodeHash(sibling, before);
      after = NodeHash(sibling, after);
      while ((path & 1) == 0 && path != 0) {
        path >>= 1;
        last >>= 1;
      }
    } else {
      after = NodeHash(after, sibling);
    }
    path >>= 1;
    last >>= 1;
  }
  const bool holds = last == 0 && before == older.root && after == newer.root;
  return holds ? absl::OkStatus() : Refuted("consistency");
}

absl::Status RootBuilder::Add(const Subtree& subtree, const Digest& hash) {
  if (subtree.level < 0 || subtree.level >= kMostLevels ||
      subtree.index >= (kMostLeaves >> subtree.level) || subtree.first() != size_) {
    return InvalidArgument("what follows leaf {} does not begin there", size_);
  }
  Push(subtree.level, hash);
  return absl::OkStatus();
}

void RootBuilder::AddLeaf(const Digest& leaf_hash) {
  Push(0, leaf_hash);
}

void RootBuilder::Push(int level, Digest hash) {
  size_ += uint64_t{1} << level;
  while (!peaks_.empty() && peaks_.back().level == level) {
    hash = NodeHash(peaks_.back().hash, hash);
    peaks_.pop_back();
    ++level;
  }
  peaks_.push_back({level, hash});
}

Digest RootBuilder::Root() const {
  if (peaks_.empty()) {
    return EmptyRoot();
  }
  Digest root = peaks_.back().hash;
  for (auto peak = std::next(peaks_.rbegin()); peak != peaks_.rend(); ++peak) {
    root = NodeHash(peak->hash, root);
  }
  return root;
}

}  // namespace fettle::evidence
