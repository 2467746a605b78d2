// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/confirm.h"

#include <gmock/gmock.h>

#include "agent/undo/hold.h"
#include "tests/support/engine_run.h"

namespace fettle::engine {
namespace {

using resource::RunReport;
using resource::State;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using undo::Pending;

class ConfirmTest : public EngineRun {
 protected:
  ConfirmTest() {
    options_.state_dir = folder_.path();
    options_.revision = "r7";
    options_.confirm_dir = folder_.path();
    options_.connected = true;
    host_.disk().PutFile("/conf/a", "old");
  }

  void Declare(const std::string& content, absl::Duration window = absl::Seconds(60)) {
    resource::Declaration& added = catalog_.Add("text:/conf/a", {{"content", content}});
    added.confirm = window;
  }

  std::optional<Pending> Waits() const { return undo::ReadPending(folder_.path()); }

  RunReport Undo() {
    Pending pending = *Waits();
    pending.why_not = "no new connection";
    const auto report = undo::UndoPending(pending,
                                          {.state_dir = folder_.path(), .host = "web1"},
                                          *store_,
                                          *journal_,
                                          host_,
                                          host_.clock());
    EXPECT_TRUE(report.ok()) << report.status();
    return report.value_or(RunReport());
  }

  RunOptions options_;
};

TEST_F(ConfirmTest, WhatWaitsIsWrittenDownBeforeTheChange) {
  Declare("new");
  catalog_.At("text:/conf/a").attributes.Set("broken", true);
  const RunReport report = Run(options_);
  EXPECT_EQ(report.counts.failed, 1);
  ASSERT_TRUE(Waits().has_value()) << "also when the change failed on its way";
  EXPECT_THAT(Waits()->runs, ElementsAre(report.id));
  EXPECT_THAT(Waits()->resources, ElementsAre("text:/conf/a"));
  EXPECT_EQ(Waits()->window, absl::Seconds(60));
  EXPECT_EQ(Waits()->revision, "r7");
  EXPECT_TRUE(Waits()->connected);
  EXPECT_EQ(Waits()->phase, Pending::Phase::kApplying);
}

TEST_F(ConfirmTest, NothingWaitsForWhatIsNotToBeConfirmed) {
  Declare("new", absl::ZeroDuration());
  catalog_.Add("text:/conf/b", {{"content", "b"}});
  EXPECT_EQ(Run(options_).counts.changed, 2);
  EXPECT_EQ(Waits(), std::nullopt);
}

TEST_F(ConfirmTest, NothingWaitsForWhatIsAsDeclared) {
  Declare("old");
  EXPECT_EQ(Run(options_).counts.ok, 1);
  EXPECT_EQ(Waits(), std::nullopt);
}

TEST_F(ConfirmTest, WhoAppliesByHandIsNotAskedToConfirm) {
  Declare("new");
  EXPECT_EQ(Run().counts.changed, 1);
  EXPECT_EQ(Waits(), std::nullopt);
}

TEST_F(ConfirmTest, WhatIsNotConfirmedIsPutBackAndHeld) {
  Declare("new");
  catalog_.Add("text:/conf/b", {{"content", "b"}});
  Run(options_);
  const RunReport report = Undo();
  EXPECT_EQ(host_.disk().Content("/conf/a"), "old");
  EXPECT_FALSE(host_.disk().Exists("/conf/b")) << "the whole run";
  EXPECT_EQ(report.counts.reverted, 2);
  EXPECT_EQ(report.counts.changed, 0);
  EXPECT_TRUE(report.partial);
  EXPECT_THAT(Of(report, "text:/conf/a").error,
              HasSubstr("(not confirmed: no new connection); publish a revision that is mended"));
  const RunReport held = Run(options_);
  EXPECT_EQ(Of(held, "text:/conf/a").state, State::kReverted);
  EXPECT_THAT(Of(held, "text:/conf/a").error,
              HasSubstr("put back (not confirmed: no new connection; run "));
  EXPECT_EQ(host_.disk().Content("/conf/a"), "old");
  EXPECT_FALSE(undo::ReadHold(folder_.path())->until_connected);
}

TEST_F(ConfirmTest, WithoutAServerBeforeItIsHeldOnlyUntilThereIsOne) {
  options_.connected = false;
  Declare("new");
  Run(options_);
  Undo();
  EXPECT_TRUE(undo::ReadHold(folder_.path())->until_connected);
}

TEST_F(ConfirmTest, AKillAfterTheUndoSaysTheSameAgain) {
  Declare("new");
  Run(options_);
  const RunReport first = Undo();
  Restart();
  const RunReport second = Undo();
  EXPECT_EQ(second.counts, first.counts);
  EXPECT_EQ(host_.disk().Content("/conf/a"), "old");
}

TEST_F(ConfirmTest, RunsOfWhichTheFirstWasKilledAreUndoneTogether) {
  Declare("one");
  Run(options_);  // Killed before it could say that it is over.
  Restart();
  catalog_.At("text:/conf/a").attributes.Set("content", "two");
  Run(options_);
  EXPECT_EQ(Waits()->runs.size(), 2U);
  const RunReport report = Undo();
  EXPECT_EQ(host_.disk().Content("/conf/a"), "old");
  EXPECT_EQ(report.counts.reverted, 1);
}

TEST_F(ConfirmTest, ACommandIsNamedAsNotUndone) {
  Declare("new");
  catalog_.Add("step:s");
  Run(options_);
  const RunReport report = Undo();
  EXPECT_EQ(Of(report, "step:s").state, State::kFailed);
  EXPECT_THAT(Of(report, "step:s").error, HasSubstr("what a command did is not known"));
}

}  // namespace
}  // namespace fettle::engine
