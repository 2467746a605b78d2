// SPDX-License-Identifier: Apache-2.0
#include "lib/evidence/tiles.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle::evidence {
namespace {

using ::fettle::testing::StatusIs;

// A log that keeps its tiles in memory and goes through its encoded edge at each step.
class TiledLog {
 public:
  void Append(uint64_t number) {
    auto edge = LogEdge::Decode(size_, edge_);
    ASSERT_OK(edge);
    std::vector<Tile> full;
    edge->Append(LeafHash("leaf " + std::to_string(number)), &full);
    for (Tile& tile : full) {
      const bool fresh = tiles_.try_emplace({tile.level, tile.index}, tile.hashes).second;
      EXPECT_TRUE(fresh) << "a tile was written twice";
    }
    edge_ = edge->Encode();
    size_ = edge->size();
  }

  TileSource Source() {
    return {LogEdge::Decode(size_, edge_).value(), [this](int level, uint64_t index) {
              const auto found = tiles_.find({level, index});
              return found == tiles_.end() ? absl::StatusOr<std::string>(absl::NotFoundError("?"))
                                           : absl::StatusOr<std::string>(found->second);
            }};
  }

  uint64_t size() const { return size_; }

  const std::string& edge() const { return edge_; }

  std::map<std::pair<int, uint64_t>, std::string>& tiles() { return tiles_; }

 private:
  uint64_t size_ = 0;
  std::string edge_;
  std::map<std::pair<int, uint64_t>, std::string> tiles_;
};

TEST(TilesTest, RootsOfAllSizesAreThoseOfThePlainTree) {
  TiledLog log;
  RootBuilder builder;
  for (uint64_t i = 0; i < 600; ++i) {
    log.Append(i);
    builder.AddLeaf(LeafHash("leaf " + std::to_string(i)));
    ASSERT_OK_AND_ASSIGN(const Digest root, RootOf(log.Source(), log.size()));
    ASSERT_EQ(root, builder.Root()) << i;
  }
}

TEST(TilesTest, AnOldSizeCanBeProvenFromTheNewestTiles) {
  TiledLog log;
  std::vector<TreeHead> heads = {{0, EmptyRoot()}};
  for (uint64_t i = 0; i < 300; ++i) {
    log.Append(i);
    heads.push_back({i + 1, RootOf(log.Source(), i + 1).value()});
  }
  const TileSource source = log.Source();
  for (uint64_t older = 0; older <= 300; older += 7) {
    ASSERT_OK_AND_ASSIGN(const Digest root, RootOf(source, older));
    EXPECT_EQ(root, heads[older].root);
    ASSERT_OK_AND_ASSIGN(const auto proof, ConsistencyProof(source, older, 300));
    EXPECT_OK(VerifyConsistency(heads[older], heads[300], proof));
  }
  for (uint64_t number = 0; number < 300; number += 11) {
    ASSERT_OK_AND_ASSIGN(const auto proof, InclusionProof(source, number, 300));
    EXPECT_OK(
        VerifyInclusion(heads[300], number, LeafHash("leaf " + std::to_string(number)), proof));
  }
}

TEST(TilesTest, KeepsLittleMoreThanAHashALeaf) {
  TiledLog log;
  for (uint64_t i = 0; i < 5000; ++i) {
    log.Append(i);
  }
  std::size_t bytes = log.edge().size();
  for (const auto& [place, hashes] : log.tiles()) {
    bytes += hashes.size();
  }
  EXPECT_LT(bytes, 5000U * 35);
  EXPECT_LE(log.edge().size(), 4U * 15 * 32);
}

TEST(TilesTest, AnEdgeOfAnotherSizeIsNoticed) {
  TiledLog log;
  for (uint64_t i = 0; i < 21; ++i) {
    log.Append(i);
  }
  EXPECT_THAT(LogEdge::Decode(22, log.edge()), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(LogEdge::Decode(20, log.edge()), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(TilesTest, ATileThatIsDamagedOrMissingIsSaid) {
  TiledLog log;
  for (uint64_t i = 0; i < 20; ++i) {
    log.Append(i);
  }
  EXPECT_THAT(log.Source().HashOf({4, 1}), StatusIs(absl::StatusCode::kInvalidArgument));
  log.tiles()[{0, 0}].pop_back();
  EXPECT_THAT(log.Source().HashOf({0, 3}), StatusIs(absl::StatusCode::kDataLoss));
  log.tiles().clear();
  EXPECT_THAT(log.Source().HashOf({0, 3}), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace fettle::evidence
