// SPDX-License-Identifier: Apache-2.0
#include "lib/evidence/tiles.h"

#include <algorithm>

#include "lib/base/status_macros.h"

namespace fettle::evidence {
namespace {

constexpr std::size_t kHashBytes = 32;

// How many hashes of tile level `level` are in no full tile.
std::size_t EdgeAt(uint64_t size, int level) {
  return (size >> (kTileHeight * level)) % kTileWidth;
}

// The hash over 1, 2, 4, 8 or 16 neighbours.
Digest Join(std::vector<Digest> hashes) {
  for (std::size_t width = hashes.size(); width > 1; width /= 2) {
    for (std::size_t i = 0; i < width / 2; ++i) {
      hashes[i] = NodeHash(hashes[2 * i], hashes[2 * i + 1]);
    }
  }
  return hashes.front();
}

}  // namespace

absl::StatusOr<LogEdge> LogEdge::Decode(uint64_t size, std::string_view bytes) {
  LogEdge edge;
  edge.size_ = size;
  for (int level = 0; (size >> (kTileHeight * level)) > 0 && kTileHeight * level < 60; ++level) {
    const std::size_t wanted = EdgeAt(size, level) * kHashBytes;
    if (bytes.size() < wanted) {
      return absl::DataLossError(
          fmt::format("the edge of the log is too short for {} leaves", size));
    }
    std::vector<Digest>& hashes = edge.levels_.emplace_back();
    for (std::size_t at = 0; at < wanted; at += kHashBytes) {
      ASSIGN_OR_RETURN(hashes.emplace_back(), Digest::FromRaw(bytes.substr(at, kHashBytes)));
    }
    bytes.remove_prefix(wanted);
  }
  if (!bytes.empty()) {
    return absl::DataLossError(fmt::format("the edge of the log is too long for {} leaves", size));
  }
  return edge;
}

std::string LogEdge::Encode() const {
  std::string bytes;
  for (const std::vector<Digest>& hashes : levels_) {
    for (const Digest& hash : hashes) {
      bytes += hash.Raw();
    }
  }
  return bytes;
}

void LogEdge::Append(const Digest& leaf_hash, std::vector<Tile>* full) {
  Digest hash = leaf_hash;
  for (std::size_t level = 0;; ++level) {
    if (level == levels_.size()) {
      levels_.emplace_back();
    }
    std::vector<Digest>& hashes = levels_[level];
    hashes.push_back(hash);
    if (hashes.size() < kTileWidth) {
      break;
    }
    const int shift = kTileHeight * (static_cast<int>(level) + 1);
    Tile& tile = full->emplace_back(Tile{static_cast<int>(level), size_ >> shift, ""});
    for (const Digest& one : hashes) {
      tile.hashes += one.Raw();
    }
    hash = Join(std::exchange(hashes, {}));
  }
  ++size_;
}

const std::vector<Digest>& LogEdge::At(int level) const {
  static const std::vector<Digest> none;
  const auto at = static_cast<std::size_t>(level);
  return at < levels_.size() ? levels_[at] : none;
}

absl::StatusOr<Digest> TileSource::HashOf(const Subtree& subtree) const {
  if (subtree.level < 0 || subtree.level > 60 || subtree.end() > edge_.size()) {
    return InvalidArgument("the log of {} leaves has no complete subtree {} of level {}",
                           edge_.size(),
                           subtree.index,
                           subtree.level);
  }
  const int level = subtree.level / kTileHeight;
  const int within = subtree.level % kTileHeight;
  const uint64_t tile = subtree.index >> (kTileHeight - within);
  const std::size_t count = std::size_t{1} << within;
  const std::size_t begin = (subtree.index << within) % kTileWidth;
  std::vector<Digest> hashes;
  if (tile >= (edge_.size() >> (kTileHeight * (level + 1)))) {
    const std::vector<Digest>& edge = edge_.At(level);
    hashes.assign(edge.begin() + static_cast<std::ptrdiff_t>(begin),
                  edge.begin() + static_cast<std::ptrdiff_t>(begin + count));
    return Join(std::move(hashes));
  }
  ASSIGN_OR_RETURN(const std::string bytes, read_(level, tile));
  if (bytes.size() != kTileWidth * kHashBytes) {
    return absl::DataLossError(
        fmt::format("tile {} of level {} of the evidence log is damaged", tile, level));
  }
  for (std::size_t i = begin; i < begin + count; ++i) {
    ASSIGN_OR_RETURN(hashes.emplace_back(),
                     Digest::FromRaw(std::string_view(bytes).substr(i * kHashBytes, kHashBytes)));
  }
  return Join(std::move(hashes));
}

}  // namespace fettle::evidence
