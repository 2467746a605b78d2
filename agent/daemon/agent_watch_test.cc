// SPDX-License-Identifier: Apache-2.0
// What the agent does about what others do to the host.
#include <fstream>

#include <gmock/gmock.h>

#include "agent/daemon/agent_fixture_for_test.h"
#include "agent/watch/processes_for_test.h"

namespace fettle::agent {
namespace {

using resource::State;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class AgentWatchTest : public AgentFixture {
 protected:
  AgentWatchTest() {
    watcher_ = std::make_unique<watch::Watcher>(watch::Watcher::Parts{clock(), processes_});
    Open();
    Write("as declared");
  }

  void Write(const std::string& content) { std::ofstream(directory_ + "/b") << content; }

  // Enforces a revision whose file:/b is a file in our folder, up to when nothing is due any more.
  void WatchB() {
    AssignAndServe(author_.Make(1, {{"fleet.lua", "-- one\n"}}));
    PassCheck(TakeJob());
    Outcome first = RanWith(TakeJob(), State::kChanged);
    first.interests =
        std::make_shared<const std::vector<watch::Interests>>(std::vector<watch::Interests>{
            {"file:/b", {directory_ + "/b"}, {}, false, false, false, false, ""}});
    agent_->OnFinished(first);
    agent_->Tick();
    Answer(TakeJob(), State::kOk);
    outlet_.reports.clear();
  }

  // Somebody writes, and time passes.
  void Touch(const std::string& content) {
    Write(content);
    watcher_->OnReady();
    clock().Advance(absl::Milliseconds(100));
    agent_->Tick();
  }

  // What a partial run of `job` answers.
  void Answer(const Job& job, State state) {
    Outcome outcome = RanWith(job, state);
    outcome.entries.clear();
    outcome.report.partial = true;
    outcome.report.catalog = Sha256("catalog of " + job.revision.revision);
    for (resource::ResourceReport& report : outcome.report.resources) {
      report.cause = resource::Cause::kDrift;
    }
    agent_->OnFinished(outcome);
  }

  watch::ProcessesForTest processes_;
};

TEST_F(AgentWatchTest, WhatIsTouchedIsLookedAtAlone) {
  Connect();
  WatchB();
  Touch("changed");
  const Job job = TakeJob();
  EXPECT_EQ(job.reason, "drift");
  EXPECT_THAT(job.only, ElementsAre("file:/b"));
  EXPECT_FALSE(job.audit);
  Answer(job, State::kChanged);
  EXPECT_THAT(outlet_.reports, SizeIs(1));
  EXPECT_THAT(jobs_, IsEmpty());
}

TEST_F(AgentWatchTest, ATouchOfWhichNothingComesIsNotReported) {
  Connect();
  WatchB();
  Touch("as declared");
  Answer(TakeJob(), State::kOk);
  EXPECT_THAT(outlet_.reports, IsEmpty());
  EXPECT_EQ(agent_->busy(), false);
}

TEST_F(AgentWatchTest, WhatIsTouchedDuringARunIsLookedAtAfterIt) {
  Connect();
  WatchB();
  Touch("one");
  const Job first = TakeJob();
  Touch("two");
  EXPECT_THAT(jobs_, IsEmpty());
  Answer(first, State::kChanged);
  EXPECT_THAT(TakeJob().only, ElementsAre("file:/b"));
}

TEST_F(AgentWatchTest, AFightIsLookedAtWithoutATouch) {
  Connect();
  WatchB();
  for (int i = 0; i < 5; ++i) {
    Touch(std::to_string(i));
    Answer(TakeJob(), State::kChanged);
  }
  Touch("again");
  const Job job = TakeJob();
  EXPECT_TRUE(job.audit);
  Answer(job, State::kDrifted);
  Touch("and again");
  EXPECT_THAT(jobs_, IsEmpty());
}

TEST_F(AgentWatchTest, DriftRunsDoNotPutOffTheSweep) {
  Connect();
  WatchB();
  const absl::Duration sweep = agent_->UntilTick();
  for (int i = 0; i < 3; ++i) {
    Touch("x" + std::to_string(i));
    Answer(TakeJob(), State::kOk);
  }
  EXPECT_LE(agent_->UntilTick(), sweep);
  clock().Advance(absl::Minutes(35));
  agent_->Tick();
  EXPECT_EQ(TakeJob().reason, "sweep");
}

TEST_F(AgentWatchTest, AllIsLookedAtWhenAWindowOfAScheduleBegins) {
  Connect();
  AssignAndServe(author_.Make(1, {{"fleet.lua", "-- one\n"}}));
  PassCheck(TakeJob());
  Outcome outcome = RanWith(TakeJob(), State::kDrifted);
  outcome.next_window = clock().Now() + absl::Seconds(30);
  agent_->OnFinished(outcome);
  EXPECT_EQ(agent_->UntilTick(), absl::Seconds(30));
  clock().Advance(absl::Seconds(30));
  agent_->Tick();
  EXPECT_EQ(TakeJob().reason, "sweep");
}

TEST_F(AgentWatchTest, TheServerMayPauseAndResume) {
  Connect();
  WatchB();
  agent_->OnEvent(link::PauseOrder{absl::Hours(2), "a leak", "user/ann"});
  EXPECT_TRUE(pause_->Active(clock().Now()));
  EXPECT_EQ(pause_->reason(), "a leak (user/ann)");
  EXPECT_THAT(outlet_.reports, SizeIs(1));  // That it is paused.
  const Job job = TakeJob();
  EXPECT_TRUE(job.paused);
  Finish(job, State::kOk);
  agent_->OnEvent(link::PauseOrder{absl::ZeroDuration(), "", "user/ann"});
  EXPECT_FALSE(pause_->Active(clock().Now()));
}

}  // namespace
}  // namespace fettle::agent
