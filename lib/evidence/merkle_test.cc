// SPDX-License-Identifier: Apache-2.0
#include "lib/evidence/merkle.h"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/ids.h"
#include "tests/support/status_matchers.h"

namespace fettle::evidence {
namespace {

using ::fettle::testing::StatusIs;
using ::testing::IsEmpty;

// The leaves, roots and proofs that implementations of RFC 6962 share as test vectors.
constexpr const char* kLeaves[] = {"",
                                   "00",
                                   "10",
                                   "2021",
                                   "3031",
                                   "40414243",
                                   "5051525354555657",
                                   "606162636465666768696a6b6c6d6e6f"};
constexpr const char* kRoots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

// All leaf hashes, in memory; subtrees are computed each time.
class Hashes final : public HashSource {
 public:
  absl::StatusOr<Digest> HashOf(const Subtree& subtree) const override {
    ++asked_;
    if (subtree.end() > leaves_.size()) {
      return absl::InvalidArgumentError("not complete");
    }
    std::vector<Digest> level(leaves_.begin() + static_cast<std::ptrdiff_t>(subtree.first()),
                              leaves_.begin() + static_cast<std::ptrdiff_t>(subtree.end()));
    while (level.size() > 1) {
      std::vector<Digest> above;
      for (std::size_t i = 0; i < level.size(); i += 2) {
        above.push_back(NodeHash(level[i], level[i + 1]));
      }
      level = std::move(above);
    }
    return level.front();
  }

  void Add(std::string_view leaf) { leaves_.push_back(LeafHash(leaf)); }

  const Digest& leaf(uint64_t number) const { return leaves_[number]; }

  int TakeAsked() const { return std::exchange(asked_, 0); }

 private:
  std::vector<Digest> leaves_;
  mutable int asked_ = 0;
};

Hashes Numbered(uint64_t count) {
  Hashes hashes;
  for (uint64_t i = 0; i < count; ++i) {
    hashes.Add("leaf " + std::to_string(i));
  }
  return hashes;
}

Hashes Published() {
  Hashes hashes;
  for (const char* const hex : kLeaves) {
    std::string bytes;
    EXPECT_TRUE(HexDecode(hex, &bytes));
    hashes.Add(bytes);
  }
  return hashes;
}

std::vector<std::string> Hex(const std::vector<Digest>& digests) {
  std::vector<std::string> hex;
  for (const Digest& digest : digests) {
    hex.push_back(digest.Hex());
  }
  return hex;
}

TreeHead HeadOf(const Hashes& hashes, uint64_t size) {
  return {size, RootOf(hashes, size).value()};
}

TEST(MerkleTest, RootsAreThoseOfThePublishedVectors) {
  const Hashes hashes = Published();
  RootBuilder builder;
  for (uint64_t size = 0; size <= 8; ++size) {
    EXPECT_EQ(HeadOf(hashes, size).root.Hex(), kRoots[size]);
    EXPECT_EQ(builder.Root().Hex(), kRoots[size]);
    if (size < 8) {
      builder.AddLeaf(hashes.leaf(size));
    }
  }
}

TEST(MerkleTest, InclusionProofsAreThoseOfThePublishedVectors) {
  const Hashes hashes = Published();
  const std::map<std::pair<uint64_t, uint64_t>, std::vector<std::string>> proofs = {
      {{0, 1}, {}},
      {{0, 8},
       {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
      {{5, 8},
       {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}}};
  for (const auto& [question, wanted] : proofs) {
    ASSERT_OK_AND_ASSIGN(const auto proof, InclusionProof(hashes, question.first, question.second));
    EXPECT_EQ(Hex(proof), wanted);
  }
}

TEST(MerkleTest, ConsistencyProofsAreThoseOfThePublishedVectors) {
  const Hashes hashes = Published();
  const std::map<std::pair<uint64_t, uint64_t>, std::vector<std::string>> proofs = {
      {{1, 1}, {}},
      {{1, 8},
       {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
      {{6, 8},
       {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
      {{2, 5},
       {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}}};
  for (const auto& [question, wanted] : proofs) {
    ASSERT_OK_AND_ASSIGN(const auto proof,
                         ConsistencyProof(hashes, question.first, question.second));
    EXPECT_EQ(Hex(proof), wanted);
  }
}

TEST(MerkleTest, EveryLeafOfEverySizeIsProvenAndNoOther) {
  const Hashes hashes = Numbered(70);
  for (uint64_t size = 1; size <= 70; ++size) {
    const TreeHead head = HeadOf(hashes, size);
    for (uint64_t number = 0; number < size; ++number) {
      ASSERT_OK_AND_ASSIGN(const auto proof, InclusionProof(hashes, number, size));
      EXPECT_OK(VerifyInclusion(head, number, hashes.leaf(number), proof));
      EXPECT_FALSE(VerifyInclusion(head, number, hashes.leaf((number + 1) % 70), proof).ok());
      EXPECT_FALSE(VerifyInclusion(head, number + 1, hashes.leaf(number), proof).ok());
      EXPECT_FALSE(VerifyInclusion(head, size, hashes.leaf(number), proof).ok());
    }
  }
}

TEST(MerkleTest, EverySizeIsProvenToBeginEveryLargerOne) {
  const Hashes hashes = Numbered(70);
  for (uint64_t newer = 0; newer <= 70; ++newer) {
    for (uint64_t older = 0; older <= newer; ++older) {
      ASSERT_OK_AND_ASSIGN(const auto proof, ConsistencyProof(hashes, older, newer));
      EXPECT_OK(VerifyConsistency(HeadOf(hashes, older), HeadOf(hashes, newer), proof))
          << older << " " << newer;
    }
  }
}

TEST(MerkleTest, AChangedBitOfAConsistencyProofIsFound) {
  const Hashes hashes = Numbered(40);
  for (const auto& [older, newer] : {std::pair{7, 40}, {8, 40}, {13, 39}, {32, 40}, {39, 40}}) {
    const TreeHead before = HeadOf(hashes, static_cast<uint64_t>(older));
    const TreeHead after = HeadOf(hashes, static_cast<uint64_t>(newer));
    ASSERT_OK_AND_ASSIGN(auto proof, ConsistencyProof(hashes, before.size, after.size));
    for (Digest& digest : proof) {
      for (uint8_t& byte : digest.bytes) {
        byte ^= 1;
        EXPECT_FALSE(VerifyConsistency(before, after, proof).ok());
        byte ^= 1;
      }
    }
    proof.push_back(Digest{});
    EXPECT_FALSE(VerifyConsistency(before, after, proof).ok());
    proof.resize(proof.size() - 2);
    EXPECT_FALSE(VerifyConsistency(before, after, proof).ok());
  }
}

TEST(MerkleTest, AChangedBitOfAnInclusionProofIsFound) {
  const Hashes hashes = Numbered(40);
  const TreeHead head = HeadOf(hashes, 40);
  for (const uint64_t number : {uint64_t{0}, uint64_t{17}, uint64_t{39}}) {
    ASSERT_OK_AND_ASSIGN(auto proof, InclusionProof(hashes, number, 40));
    for (Digest& digest : proof) {
      for (uint8_t& byte : digest.bytes) {
        byte ^= 128;
        EXPECT_FALSE(VerifyInclusion(head, number, hashes.leaf(number), proof).ok());
        byte ^= 128;
      }
    }
    proof.pop_back();
    EXPECT_FALSE(VerifyInclusion(head, number, hashes.leaf(number), proof).ok());
  }
}

TEST(MerkleTest, ALogThatWasRewrittenIsNoContinuation) {
  const Hashes honest = Numbered(20);
  Hashes rewritten;
  for (uint64_t i = 0; i < 30; ++i) {
    rewritten.Add(i == 4 ? "another leaf" : "leaf " + std::to_string(i));
  }
  for (uint64_t older = 5; older <= 20; ++older) {
    ASSERT_OK_AND_ASSIGN(const auto proof, ConsistencyProof(rewritten, older, 30));
    EXPECT_THAT(VerifyConsistency(HeadOf(honest, older), HeadOf(rewritten, 30), proof),
                StatusIs(absl::StatusCode::kPermissionDenied));
  }
}

TEST(MerkleTest, AShorterLogIsNoContinuation) {
  const Hashes hashes = Numbered(20);
  EXPECT_THAT(VerifyConsistency(HeadOf(hashes, 20), HeadOf(hashes, 19), {}),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(ConsistencyProof(hashes, 20, 19), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(InclusionProof(hashes, 20, 20), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(MerkleTest, ProofsAskForFewHashes) {
  const Hashes hashes = Numbered(1000);
  for (uint64_t number = 0; number < 1000; number += 37) {
    ASSERT_OK(InclusionProof(hashes, number, 1000).status());
    EXPECT_LE(hashes.TakeAsked(), 20);
    ASSERT_OK(ConsistencyProof(hashes, number, 1000).status());
    EXPECT_LE(hashes.TakeAsked(), 30);
  }
}

TEST(MerkleTest, CoversARangeWithItsLargestSubtrees) {
  EXPECT_THAT(Cover(5, 5), IsEmpty());
  EXPECT_THAT(Cover(0, 7), ::testing::ElementsAre(Subtree{2, 0}, Subtree{1, 2}, Subtree{0, 6}));
  EXPECT_THAT(Cover(3, 8), ::testing::ElementsAre(Subtree{0, 3}, Subtree{2, 1}));
}

TEST(MerkleTest, ARootIsBuiltOfPiecesThatFollowEachOther) {
  const Hashes hashes = Numbered(37);
  for (uint64_t split = 0; split <= 37; ++split) {
    RootBuilder builder;
    std::vector<Subtree> parts = Cover(0, split);
    const std::vector<Subtree> rest = Cover(split, 37);
    parts.insert(parts.end(), rest.begin(), rest.end());
    for (const Subtree& part : parts) {
      ASSERT_OK(builder.Add(part, hashes.HashOf(part).value()));
    }
    EXPECT_EQ(builder.Root(), HeadOf(hashes, 37).root);
  }
  RootBuilder builder;
  EXPECT_FALSE(builder.Add({0, 1}, Digest{}).ok());
  EXPECT_FALSE(builder.Add({63, 0}, Digest{}).ok());
}

}  // namespace
}  // namespace fettle::evidence
