// SPDX-License-Identifier: Apache-2.0
// The evidence log as the store keeps it.
#include <functional>

#include "lib/evidence/leaf.h"
#include "lib/evidence/merkle.h"
#include "server/store/sqlite/database.h"
#include "tests/server/store_fixture.h"
#include "tests/support/status_matchers.h"

namespace fettle::server {
namespace {

using fettle::testing::IsOkAndHolds;
using fettle::testing::StatusIs;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EvidenceStoreTest : public StoreTest {
 protected:
  EvidenceStore& log() { return store().evidence(); }

  void Act(uint64_t minute, const std::string& who) {
    ASSERT_OK(store().reports().Audit({At(minute), who, "label", "web1 role=web", "web1"}));
  }

  // The root over all leaves as they are kept.
  Digest RootOfLeaves() {
    evidence::RootBuilder builder;
    const auto head = log().Head();
    EXPECT_OK(head);
    EXPECT_OK(log().Leaves(0, head->size, [&](const LogLeaf& leaf) {
      EXPECT_EQ(leaf.number, builder.size());
      builder.AddLeaf(evidence::LeafHash(leaf.leaf));
      return absl::OkStatus();
    }));
    EXPECT_EQ(builder.size(), head->size);
    return builder.Root();
  }

  // `work` on the database, as somebody does who goes round the server.
  void Tamper(const std::string& sql) {
    auto database = sqlite::Database::Open(Path());
    ASSERT_OK(database);
    ASSERT_OK((*database)->Execute(sql));
  }
};

TEST_F(EvidenceStoreTest, AnEmptyLogHasTheEmptyRoot) {
  ASSERT_OK_AND_ASSIGN(const auto head, log().Head());
  EXPECT_EQ(head.size, 0U);
  EXPECT_EQ(head.root, evidence::EmptyRoot());
}

TEST_F(EvidenceStoreTest, ActsAndReportsAreLeavesOfOneLogInTheirOrder) {
  Act(1, "user/ann");
  ASSERT_OK(Ingest("web1", "e1", {Run(1, {}), Run(2, {})}));
  Act(2, "user/bob");
  ASSERT_OK_AND_ASSIGN(const auto head, log().Head());
  EXPECT_EQ(head.size, 3U);
  EXPECT_EQ(head.root, RootOfLeaves());
  ASSERT_OK_AND_ASSIGN(const auto reports, log().Leaf(1));
  ASSERT_OK_AND_ASSIGN(const evidence::Leaf leaf, evidence::DecodeLeaf(reports.leaf));
  const auto& batch = std::get<evidence::ReportsLeaf>(leaf);
  EXPECT_EQ(batch.host, "web1");
  EXPECT_EQ(batch.after, 0U);
  EXPECT_EQ(batch.last, 2U);
  EXPECT_EQ(batch.digest, Sha256(reports.data));
}

TEST_F(EvidenceStoreTest, ReportsThatAreStoredAlreadyMakeNoLeaf) {
  ASSERT_OK(Ingest("web1", "e1", {Run(1, {})}));
  ASSERT_OK(Ingest("web1", "e1", {Run(1, {})}));
  ASSERT_OK_AND_ASSIGN(const auto head, log().Head());
  EXPECT_EQ(head.size, 1U);
}

TEST_F(EvidenceStoreTest, ProofsHoldForEveryLeafAndEveryOlderHeadAlsoAfterReopening) {
  std::vector<evidence::TreeHead> heads;
  for (uint64_t n = 1; n <= 40; ++n) {
    Act(n, "user/ann");
    ASSERT_OK_AND_ASSIGN(heads.emplace_back(), log().Head());
  }
  ASSERT_OK(OpenAgain());
  ASSERT_OK_AND_ASSIGN(const auto head, log().Head());
  EXPECT_EQ(head, heads.back());
  for (uint64_t n = 0; n < head.size; ++n) {
    ASSERT_OK_AND_ASSIGN(const auto leaf, log().Leaf(n));
    ASSERT_OK_AND_ASSIGN(const auto inclusion, log().Inclusion(n, head.size));
    EXPECT_OK(evidence::VerifyInclusion(head, n, evidence::LeafHash(leaf.leaf), inclusion));
    ASSERT_OK_AND_ASSIGN(const auto consistency, log().Consistency(heads[n].size, head.size));
    EXPECT_OK(evidence::VerifyConsistency(heads[n], head, consistency));
  }
}

TEST_F(EvidenceStoreTest, ALeafThatWasChangedInTheDatabaseDoesNotFitTheHead) {
  for (uint64_t n = 1; n <= 20; ++n) {
    Act(n, "user/ann");
  }
  Tamper("UPDATE acts SET leaf = replace(leaf, 'ann', 'eve') WHERE number = 3");
  ASSERT_OK_AND_ASSIGN(const auto head, log().Head());
  EXPECT_NE(head.root, RootOfLeaves());
}

TEST_F(EvidenceStoreTest, TheListIsNewestFirstAndFitsTheQuery) {
  Act(1, "user/ann");
  ASSERT_OK(Ingest("web1", "e1", {Run(1, {})}));
  Act(2, "user/bob");
  LogQuery query;
  ASSERT_OK_AND_ASSIGN(auto leaves, log().List(query));
  ASSERT_THAT(leaves, SizeIs(2));
  EXPECT_EQ(leaves[0].number, 2U);
  query.reports = true;
  EXPECT_THAT(log().List(query), IsOkAndHolds(SizeIs(3)));
  query.who = "host/*";
  EXPECT_THAT(log().List(query), IsOkAndHolds(SizeIs(1)));
  query.who = "user/eve";
  EXPECT_THAT(log().List(query), IsOkAndHolds(IsEmpty()));
}

TEST_F(EvidenceStoreTest, ATimeBecomesNumbers) {
  for (uint64_t n = 1; n <= 9; ++n) {
    Act(n, "user/ann");
  }
  EXPECT_THAT(log().NumbersOf(At(3), At(5)), IsOkAndHolds(std::pair<uint64_t, uint64_t>(2, 4)));
  EXPECT_THAT(log().NumbersOf(absl::InfinitePast(), absl::InfiniteFuture()),
              IsOkAndHolds(std::pair<uint64_t, uint64_t>(0, 9)));
  EXPECT_THAT(log().NumbersOf(At(100), absl::InfiniteFuture()),
              IsOkAndHolds(std::pair<uint64_t, uint64_t>(9, 9)));
}

TEST_F(EvidenceStoreTest, AClockThatGoesBackMakesNoLeafOlderThanTheOneBefore) {
  Act(5, "user/ann");
  Act(1, "user/bob");
  ASSERT_OK_AND_ASSIGN(const auto acts, store().reports().AuditLog(absl::InfinitePast(), 10));
  ASSERT_THAT(acts, SizeIs(2));
  EXPECT_EQ(acts[0].time, At(5));
}

TEST_F(EvidenceStoreTest, HeadsAreKept) {
  EXPECT_THAT(log().NewestHead(), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_OK(log().AddHead({3, At(1), "three"}));
  ASSERT_OK(log().AddHead({9, At(2), "nine"}));
  ASSERT_OK_AND_ASSIGN(const auto head, log().NewestHead());
  EXPECT_EQ(head.note, "nine");
  EXPECT_EQ(head.size, 9U);
}

}  // namespace
}  // namespace fettle::server
