// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/engine/types_for_test.h"

namespace fettle::engine {
namespace {

using resource::RelationKind;
using ::testing::ElementsAre;

// The batch of the first resource, by id, when all but `at_rest` are due.
std::vector<std::string> BatchOf(CatalogForTest& catalog, std::string_view at_rest = "") {
  const std::unique_ptr<Prepared> prepared = Prepared::Make(catalog.Get(), TypesForTest()).value();
  std::vector<std::string> ids;
  for (const std::size_t index : ChooseBatch(*prepared, 0, [&](std::size_t other) {
         return prepared->items()[other].id != at_rest;
       })) {
    ids.push_back(prepared->items()[index].id);
  }
  return ids;
}

class BatchTest : public ::testing::Test {
 protected:
  BatchTest() { catalog_.Add("pack:a"); }

  CatalogForTest catalog_;
};

TEST_F(BatchTest, PullsForwardPastWhatHasNothingToDoWithIt) {
  catalog_.Add("text:/conf/x", {{"content", "x"}});
  catalog_.Add("pack:b");
  catalog_.Add("pack:c");
  EXPECT_THAT(BatchOf(catalog_), ElementsAre("pack:a", "pack:b", "pack:c"));
  EXPECT_THAT(BatchOf(catalog_, "pack:b"), ElementsAre("pack:a", "pack:c"));
}

TEST_F(BatchTest, DoesNotPullPastADueResourceThatItFollowsEvenThroughOthers) {
  catalog_.Add("text:/conf/x", {{"content", "x"}});
  catalog_.Add("text:/conf/y", {{"content", "y"}});
  catalog_.Add("pack:b");
  catalog_.Add("pack:c");
  catalog_.Relate("text:/conf/y", RelationKind::kAfter, "text:/conf/x");
  catalog_.Relate("pack:b", RelationKind::kAfter, "text:/conf/y");
  EXPECT_THAT(BatchOf(catalog_), ElementsAre("pack:a", "pack:c"));
  EXPECT_THAT(BatchOf(catalog_, "text:/conf/y"), ElementsAre("pack:a", "pack:c"));
  catalog_.At("text:/conf/y").relations.clear();
  EXPECT_THAT(BatchOf(catalog_, "text:/conf/y"), ElementsAre("pack:a", "pack:b", "pack:c"));
}

TEST_F(BatchTest, AMemberOfTheBatchHoldsNobodyBack) {
  catalog_.Add("pack:b");
  catalog_.Add("pack:c");
  catalog_.Relate("pack:c", RelationKind::kRequires, "pack:b");
  EXPECT_THAT(BatchOf(catalog_), ElementsAre("pack:a", "pack:b", "pack:c"));
}

TEST_F(BatchTest, DoesNotPullPastADueStepOfWhichNobodyKnowsWhatItDoes) {
  catalog_.Add("pack:b");
  catalog_.Add("step:s");
  catalog_.Add("pack:c");
  EXPECT_THAT(BatchOf(catalog_), ElementsAre("pack:a", "pack:b"));
  EXPECT_THAT(BatchOf(catalog_, "step:s"), ElementsAre("pack:a", "pack:b", "pack:c"));
}

TEST_F(BatchTest, DoesNotPullPastADueFileThatSteersThePackageManager) {
  catalog_.Add("text:/etc/apt/sources.list.d/x.sources", {{"content", "x"}});
  catalog_.Add("pack:b");
  EXPECT_THAT(BatchOf(catalog_), ElementsAre("pack:a"));
  EXPECT_THAT(BatchOf(catalog_, "text:/etc/apt/sources.list.d/x.sources"),
              ElementsAre("pack:a", "pack:b"));
}

TEST_F(BatchTest, DoesNotPullWhatHasAGuard) {
  catalog_.Add("text:/conf/x", {{"content", "x"}});
  catalog_.Add("pack:b").guards = {{resource::Guard::Test::kFileExists, {"/conf/x"}, false}};
  EXPECT_THAT(BatchOf(catalog_), ElementsAre("pack:a"));
}

// A type whose batches keep the order.
class NeighboursTest : public ::testing::Test {
 protected:
  NeighboursTest() { AddPage("/conf/a"); }

  void AddPage(const std::string& path) { catalog_.Add("page:" + path, {{"content", "x"}}); }

  CatalogForTest catalog_;
};

TEST_F(NeighboursTest, TakesThoseOfItsTypeAndPassesOverTheOnesAtRest) {
  AddPage("/conf/b");
  AddPage("/conf/c");
  EXPECT_THAT(BatchOf(catalog_), ElementsAre("page:/conf/a", "page:/conf/b", "page:/conf/c"));
  EXPECT_THAT(BatchOf(catalog_, "page:/conf/b"), ElementsAre("page:/conf/a", "page:/conf/c"));
}

TEST_F(NeighboursTest, EndsAtWhateverIsOfAnotherTypeDueOrNot) {
  catalog_.Add("text:/conf/x", {{"content", "x"}});
  AddPage("/conf/b");
  EXPECT_THAT(BatchOf(catalog_), ElementsAre("page:/conf/a"));
  EXPECT_THAT(BatchOf(catalog_, "text:/conf/x"), ElementsAre("page:/conf/a"));
}

TEST_F(NeighboursTest, EndsAtOneThatNeedsOrFollowsAMember) {
  AddPage("/conf/b");
  AddPage("/conf/c");
  catalog_.Relate("page:/conf/b", RelationKind::kRequires, "page:/conf/a");
  EXPECT_THAT(BatchOf(catalog_), ElementsAre("page:/conf/a"));
  catalog_.At("page:/conf/b").relations.clear();
  catalog_.Relate("page:/conf/c", RelationKind::kAfter, "page:/conf/b");
  EXPECT_THAT(BatchOf(catalog_), ElementsAre("page:/conf/a", "page:/conf/b"));
}

TEST_F(NeighboursTest, EndsAtOneThatIsToldOfAMemberOrHasAGuard) {
  AddPage("/conf/b");
  AddPage("/conf/c");
  catalog_.At("page:/conf/c").guards = {{resource::Guard::Test::kFileExists, {"/x"}, false}};
  EXPECT_THAT(BatchOf(catalog_), ElementsAre("page:/conf/a", "page:/conf/b"));
  catalog_.Relate("page:/conf/b", RelationKind::kRestart, "page:/conf/a");
  EXPECT_THAT(BatchOf(catalog_), ElementsAre("page:/conf/a"));
}

}  // namespace
}  // namespace fettle::engine
