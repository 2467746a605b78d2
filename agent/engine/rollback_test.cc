// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "agent/undo/hold.h"
#include "agent/undo/undo.h"
#include "tests/support/engine_run.h"

namespace fettle::engine {
namespace {

using resource::RunReport;
using resource::State;
using ::testing::HasSubstr;

class RollbackTest : public EngineRun {
 protected:
  // Runs over the catalog with all that is named in one group that is put back when a part fails.
  RunReport RunGroup(const std::vector<std::string>& members, const RunOptions& options = {}) {
    for (const std::string& id : members) {
      catalog_.At(id).group = 0;
    }
    resource::Catalog catalog = catalog_.Get();
    resource::Group& group = catalog.groups.emplace_back();
    group.name = "web";
    group.rollback_on_failure = true;
    return engine_->Run(catalog, host_, options).value();
  }
};

TEST_F(RollbackTest, AGroupIsPutBackWhenAPartFailsAndTheCauseIsNamedOnce) {
  host_.disk().PutFile("/conf/a", "old");
  catalog_.Add("text:/conf/a", {{"content", "new"}});
  catalog_.Add("text:/conf/b", {{"content", "b"}});
  catalog_.Add("text:/conf/broken", {{"content", "x"}, {"broken", true}});
  catalog_.Add("text:/conf/later", {{"content", "later"}});
  catalog_.Add("text:/conf/other", {{"content", "other"}});
  const RunReport report =
      RunGroup({"text:/conf/a", "text:/conf/b", "text:/conf/broken", "text:/conf/later"});
  EXPECT_EQ(host_.disk().Content("/conf/a"), "old");
  EXPECT_FALSE(host_.disk().Exists("/conf/b"));
  EXPECT_FALSE(host_.disk().Exists("/conf/later"));
  EXPECT_EQ(host_.disk().Content("/conf/other"), "other") << "no part of the group";
  EXPECT_EQ(Of(report, "text:/conf/a").state, State::kReverted);
  EXPECT_THAT(Of(report, "text:/conf/a").error, HasSubstr("text:/conf/broken failed"));
  EXPECT_EQ(Of(report, "text:/conf/b").state, State::kReverted);
  EXPECT_EQ(Of(report, "text:/conf/broken").state, State::kFailed);
  EXPECT_EQ(Of(report, "text:/conf/later").state, State::kSkipped);
  EXPECT_EQ(Of(report, "text:/conf/later").root_cause, "text:/conf/broken");
  EXPECT_EQ(report.counts.reverted, 2);
  EXPECT_EQ(report.counts.failed, 1);
  EXPECT_EQ(resource::ExitCode(report), 6);
}

TEST_F(RollbackTest, OfABatchThatOnlyPartlyIsInTheGroupOnlyThatPartIsPutBack) {
  host_.disk().PutFile("/conf/a", "old a");
  host_.disk().PutFile("/conf/b", "old b");
  catalog_.Add("page:/conf/a", {{"content", "new a"}});
  catalog_.Add("page:/conf/b", {{"content", "new b"}});
  catalog_.Add("text:/conf/broken", {{"content", "x"}, {"broken", true}});
  const RunReport report = RunGroup({"page:/conf/a", "text:/conf/broken"});
  EXPECT_EQ(host_.disk().Content("/conf/a"), "old a");
  EXPECT_EQ(host_.disk().Content("/conf/b"), "new b");
  EXPECT_EQ(Of(report, "page:/conf/a").state, State::kReverted);
  EXPECT_EQ(Of(report, "page:/conf/b").state, State::kChanged);
}

TEST_F(RollbackTest, AGroupIsPutBackWhenAPartIsBlocked) {
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  catalog_.Add("pack:held");
  const RunReport report = RunGroup({"text:/conf/a", "pack:held"});
  EXPECT_EQ(Of(report, "text:/conf/a").state, State::kReverted);
  EXPECT_EQ(Of(report, "text:/conf/a").error, "put back, because pack:held is blocked");
  EXPECT_EQ(Of(report, "pack:held").state, State::kBlocked);
  EXPECT_FALSE(host_.disk().Exists("/conf/a"));
}

// Otherwise drift of that part would bring it about alone, and leave half of the group.
TEST_F(RollbackTest, ARunOverOnePartOfAGroupIsARunOverAllOfIt) {
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  catalog_.Add("text:/conf/broken", {{"content", "x"}, {"broken", true}});
  catalog_.Add("text:/conf/other", {{"content", "other"}});
  RunGroup({"text:/conf/a", "text:/conf/broken"});
  host_.disk().Delete("/conf/other");
  const RunReport again =
      RunGroup({"text:/conf/a", "text:/conf/broken"}, {.only = {"text:/conf/a"}});
  EXPECT_EQ(Of(again, "text:/conf/a").state, State::kReverted);
  EXPECT_EQ(Of(again, "text:/conf/broken").state, State::kFailed);
  EXPECT_EQ(again.counts.total(), 2) << "and of nothing else";
  EXPECT_FALSE(host_.disk().Exists("/conf/a"));
}

TEST_F(RollbackTest, AGroupThatSucceedsStays) {
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  catalog_.Add("text:/conf/b", {{"content", "b"}});
  const RunReport report = RunGroup({"text:/conf/a", "text:/conf/b"});
  EXPECT_EQ(report.counts.changed, 2);
  EXPECT_EQ(host_.disk().Content("/conf/a"), "a");
}

TEST_F(RollbackTest, WhatSomebodyElseChangedMeanwhileIsLeftAloneAndSaid) {
  host_.disk().PutFile("/conf/a", "old");
  catalog_.Add("text:/conf/a", {{"content", "new"}});
  catalog_.Add("text:/conf/b", {{"content", "b"}});
  const RunReport report = Run();
  host_.disk().PutFile("/conf/a", "by hand");
  const auto plan = undo::MakePlan(*store_, report.id, {}, host_, Deadline::Never()).value();
  EXPECT_THAT(plan.Coverage(), HasSubstr("undo covers 1 of 2 changes; not: text:/conf/a"));
  undo::UndoOptions options;
  options.by = "UNDO";
  const auto undone = undo::Perform(*store_, report.id, host_, host_.clock(), options).value();
  EXPECT_FALSE(undone.complete);
  EXPECT_EQ(host_.disk().Content("/conf/a"), "by hand");
  EXPECT_FALSE(host_.disk().Exists("/conf/b"));
}

TEST_F(RollbackTest, WhatWasUndoneIsNotDoneAgainWhileTheRevisionIsTheSame) {
  catalog_.Add("text:/conf/a", {{"content", "a"}});
  RunOptions options;
  options.state_dir = folder_.path();
  options.revision = "r7";
  ASSERT_TRUE(undo::WriteHold(options.state_dir,
                              {"r7", "RUN", "undo", host_.clock().Now(), {"text:/conf/a"}})
                  .ok());
  const RunReport held = Run(options);
  EXPECT_EQ(Of(held, "text:/conf/a").state, State::kReverted);
  EXPECT_FALSE(host_.disk().Exists("/conf/a"));
  options.revision = "r8";
  EXPECT_EQ(Run(options).counts.changed, 1);
}

}  // namespace
}  // namespace fettle::engine
