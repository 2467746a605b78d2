// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "lib/evidence/merkle.h"

// How a log keeps its hashes: in tiles of 16, each written once, when it is full. Tile `index` of
// tile level L holds the hashes of the subtrees of level 4L from 16 * index on; the hashes between
// are computed anew when they are wanted. What is not yet a full tile is the log's edge, of at most
// 15 hashes a level. So a leaf costs a little more than its own hash, and a proof O(log n) tiles.
namespace fettle::evidence {

inline constexpr int kTileHeight = 4;
inline constexpr uint64_t kTileWidth = uint64_t{1} << kTileHeight;

struct Tile {
  int level = 0;  // Of tiles: its hashes are of subtrees of level 4 * level.
  uint64_t index = 0;
  std::string hashes;  // kTileWidth of 32 bytes.
};

// The right edge of a log. A value; one thread at a time.
class LogEdge {
 public:
  // Of an empty log.
  LogEdge() = default;

  // What Encode() wrote for a log of `size`; kDataLoss for anything else.
  static absl::StatusOr<LogEdge> Decode(uint64_t size, std::string_view bytes);
  std::string Encode() const;

  uint64_t size() const { return size_; }

  // Adds a leaf; the tiles that it fills, the lowest first, are put at the end of `full`.
  void Append(const Digest& leaf_hash, std::vector<Tile>* full);

  // The hashes of tile level `level` that are in no full tile yet.
  const std::vector<Digest>& At(int level) const;

 private:
  uint64_t size_ = 0;
  std::vector<std::vector<Digest>> levels_;
};

// Hashes of a log from its full tiles, which `read` gets by level and index, and its edge.
class TileSource final : public HashSource {
 public:
  using ReadTile = std::function<absl::StatusOr<std::string>(int level, uint64_t index)>;

  TileSource(LogEdge edge, ReadTile read) : edge_(std::move(edge)), read_(std::move(read)) {}

  // kInvalidArgument for a subtree that is not complete yet.
  absl::StatusOr<Digest> HashOf(const Subtree& subtree) const override;

 private:
  const LogEdge edge_;
  const ReadTile read_;
};

}  // namespace fettle::evidence
