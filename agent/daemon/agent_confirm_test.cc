// SPDX-License-Identifier: Apache-2.0
// Changes that stand only once they are confirmed, as the daemon sees them.
#include <string>

#include <gmock/gmock.h>

#include "agent/daemon/agent_fixture_for_test.h"
#include "agent/undo/confirm.h"
#include "agent/undo/hold.h"

namespace fettle::agent {
namespace {

using resource::State;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using undo::Pending;

class AgentConfirmTest : public AgentFixture {
 protected:
  // As the converger leaves it after (or within) a run of the revision.
  Pending Left(Pending::Phase phase) {
    Pending pending;
    pending.runs = {"01RUN"};
    pending.revision = "r1";
    pending.window = absl::Seconds(60);
    pending.resources = {"file:/b"};
    pending.connected = true;
    pending.phase = phase;
    pending.report = phase == Pending::Phase::kWaiting ? "encoded" : "";
    EXPECT_OK(undo::WritePending(directory_, pending));
    return pending;
  }

  // Up to a run of the first revision, which changed something that is to be confirmed.
  Outcome ChangeSomething(Pending::Phase phase = Pending::Phase::kWaiting) {
    Connect();
    AssignAndServe(author_.Make(1, {{"fleet.lua", "-- one\n"}}));
    PassCheck(TakeJob());
    Outcome outcome = RanWith(TakeJob(), State::kChanged);
    outcome.pending = Left(phase);
    return outcome;
  }

  // Somebody has a plan carried out, which changes something that is to be confirmed.
  void CarryOutAPlan() {
    Connect();
    Enforce(1);
    agent_->OnEvent(link::ApplyPlanOrder{"T", "user/ann", "", "3f0c"});
    Outcome outcome = RanWith(TakeJob(), State::kChanged);
    outcome.pending = Left(Pending::Phase::kWaiting);
    outcome.answer = "the report";
    agent_->OnFinished(outcome);
    agent_->Tick();
  }

  void Probed(const std::string& error) {
    agent_->OnEvent(link::Probed{outlet_.probes.back(), error});
    agent_->Tick();
  }

  void TimeIsUp() {
    clock().Advance(absl::Seconds(60));
    agent_->Tick();
  }

  // What the converger answers to `job`: all is put back.
  static Outcome UndoneOf(const Job& job) {
    Outcome outcome;
    outcome.job = job;
    outcome.report.id = "01UNDO";
    outcome.report.revision = "r1";
    outcome.report.reason = "not confirmed";
    outcome.report.partial = true;
    outcome.report.counts.reverted = 1;
    outcome.report.resources.emplace_back().id = "file:/b";
    outcome.report.resources.back().state = State::kReverted;
    return outcome;
  }

  bool SomethingPends() { return undo::ReadPending(directory_).has_value(); }
};

TEST_F(AgentConfirmTest, TheRunIsReportedOnceANewConnectionConfirmsIt) {
  const Outcome outcome = ChangeSomething();
  agent_->OnFinished(outcome);
  agent_->Tick();
  EXPECT_THAT(outlet_.reports, IsEmpty()) << "before it is known whether it stands";
  EXPECT_THAT(outlet_.probes, SizeIs(1));
  EXPECT_THAT(agent_->Status(), HasSubstr("waiting for a new connection to server:7440, 60 s"));
  EXPECT_THAT(agent_->StatusLine(), HasSubstr("waiting for confirmation"));
  Probed("");
  EXPECT_THAT(outlet_.reports, SizeIs(3)) << "the run, a snapshot, the facts";
  EXPECT_FALSE(SomethingPends());
  EXPECT_THAT(agent_->Status(), Not(HasSubstr("confirm ")));
}

TEST_F(AgentConfirmTest, WhatIsNotConfirmedInTimeIsUndoneAndNeverASuccess) {
  int code = -1;
  std::string said;
  const Outcome outcome = ChangeSomething();
  agent_->OnFinished(outcome);
  agent_->Tick();
  Probed("connection refused");
  TimeIsUp();
  const Job undo = TakeJob();
  EXPECT_EQ(undo.kind, Job::Kind::kUndo);
  EXPECT_THAT(undo.undo.why_not, HasSubstr("within 1m (2 tries; the last: connection refused)"));
  EXPECT_EQ(undo::ReadPending(directory_)->phase, Pending::Phase::kUndoing);
  ASSERT_OK(agent_->RequestRun("asked", false, [&](const std::string& summary, int exit_code) {
    said = summary;
    code = exit_code;
  }));
  EXPECT_THAT(jobs_, IsEmpty()) << "first it is undone";
  agent_->OnFinished(UndoneOf(undo));
  resource::RunReport told = UndoneOf(undo).report;
  told.enforce = false;
  EXPECT_THAT(outlet_.Bodies(), Contains(link::EncodeRun(told)));
  EXPECT_THAT(outlet_.reports, SizeIs(1)) << "of the run itself nothing is said";
  EXPECT_FALSE(SomethingPends());
  const Job look = TakeJob();
  EXPECT_EQ(look.kind, Job::Kind::kRun) << "says how all is now";
  Finish(look, State::kOk);
  EXPECT_EQ(code, 0);
}

TEST_F(AgentConfirmTest, APlanCarriedOutThroughTheServerIsAnsweredOnceItIsConfirmed) {
  CarryOutAPlan();
  EXPECT_THAT(outlet_.answers, Not(Contains("the report")))
      << "before it is known whether it stands";
  Probed("");
  EXPECT_EQ(outlet_.answers.back(), "the report");
  EXPECT_FALSE(SomethingPends());
}

TEST_F(AgentConfirmTest, APlanThatIsNotConfirmedIsUndoneAndAnsweredSo) {
  CarryOutAPlan();
  Probed("connection refused");
  TimeIsUp();
  agent_->OnFinished(UndoneOf(TakeJob()));
  EXPECT_THAT(outlet_.answers, Not(Contains("the report")));
  EXPECT_THAT(outlet_.answers.back(), HasSubstr("not confirmed: r1 applied: "));
  EXPECT_FALSE(SomethingPends());
}

TEST_F(AgentConfirmTest, WhoAskedForTheRunIsToldThatItWasUndone) {
  Connect();
  Enforce(1);
  int code = -1;
  std::string said;
  ASSERT_OK(agent_->RequestRun("asked", false, [&](const std::string& summary, int exit_code) {
    said = summary;
    code = exit_code;
  }));
  Outcome outcome = RanWith(TakeJob(), State::kChanged);
  outcome.pending = Left(Pending::Phase::kWaiting);
  agent_->OnFinished(outcome);
  EXPECT_EQ(code, -1);
  TimeIsUp();
  agent_->OnFinished(UndoneOf(TakeJob()));
  EXPECT_THAT(said, HasSubstr("not confirmed"));
  EXPECT_EQ(code, 4);
}

TEST_F(AgentConfirmTest, NothingElseIsChangedMeanwhile) {
  agent_->OnFinished(ChangeSomething());
  agent_->Tick();
  agent_->OnEvent(link::RunRequest{"1", "now"});
  clock().Advance(absl::Seconds(5));
  agent_->Tick();
  EXPECT_THAT(jobs_, IsEmpty());
  AssignAndServe(author_.Make(2, {{"fleet.lua", "-- two\n"}}));
  PassCheck(TakeJob());
  EXPECT_THAT(jobs_, IsEmpty()) << "a new revision is looked at and waits";
  Probed("");
  EXPECT_EQ(TakeJob().revision.revision, "r2");
}

TEST_F(AgentConfirmTest, AnAgentThatWasKilledWhileWaitingTakesItUpBeforeAnythingElse) {
  agent_->OnFinished(ChangeSomething());
  clock().Advance(absl::Seconds(50));
  Open();
  EXPECT_THAT(jobs_, IsEmpty());
  Connect();
  clock().Advance(absl::Seconds(50));  // Its time counts anew.
  agent_->Tick();
  ASSERT_THAT(outlet_.probes, SizeIs(1));
  Probed("");
  ASSERT_THAT(outlet_.reports, SizeIs(1));
  EXPECT_EQ(outlet_.reports.front().second.body, "encoded") << "what the killed one had to say";
  EXPECT_FALSE(SomethingPends());
  EXPECT_EQ(TakeJob().reason, "start");
}

TEST_F(AgentConfirmTest, AnAgentThatWasKilledAndReachesNobodyUndoes) {
  agent_->OnFinished(ChangeSomething());
  Open();
  agent_->Tick();
  TimeIsUp();
  const Job undo = TakeJob();
  EXPECT_EQ(undo.kind, Job::Kind::kUndo);
  EXPECT_EQ(undo.undo.runs, std::vector<std::string>{"01RUN"});
  EXPECT_THAT(undo.undo.why_not, HasSubstr("the link to the server does not run"));
  agent_->OnFinished(UndoneOf(undo));
  Connect();
  EXPECT_THAT(outlet_.reports, SizeIs(1)) << "once the server can be reached again";
}

TEST_F(AgentConfirmTest, AnAgentThatWasKilledWhileUndoingGoesOnUndoing) {
  agent_->OnFinished(ChangeSomething());
  TimeIsUp();
  Open();
  EXPECT_EQ(TakeJob().kind, Job::Kind::kUndo);
  EXPECT_THAT(jobs_, IsEmpty());
}

TEST_F(AgentConfirmTest, ARunThatWasKilledIsGoneOnWithAndThenConfirmed) {
  Connect();
  Enforce(1);
  const Pending killed = Left(Pending::Phase::kApplying);
  Open();
  Connect();
  const Job run = TakeJob();
  EXPECT_EQ(run.reason, "start");
  Outcome outcome = RanWith(run, State::kChanged);
  outcome.pending = killed;
  outcome.pending->phase = Pending::Phase::kWaiting;
  agent_->OnFinished(outcome);
  agent_->Tick();
  EXPECT_THAT(outlet_.probes, SizeIs(1));
}

TEST_F(AgentConfirmTest, ARunThatCannotBeBroughtToAnEndIsUndoneAndNotConfirmed) {
  Outcome outcome = ChangeSomething(Pending::Phase::kApplying);
  outcome.report.error = "the disk is full";
  agent_->OnFinished(outcome);
  EXPECT_THAT(outlet_.probes, IsEmpty());
  const Job undo = TakeJob();
  EXPECT_EQ(undo.kind, Job::Kind::kUndo);
  EXPECT_THAT(undo.undo.why_not, HasSubstr("the disk is full"));
}

TEST_F(AgentConfirmTest, AnUndoThatCouldNotBeginIsTriedAgain) {
  agent_->OnFinished(ChangeSomething());
  TimeIsUp();
  Outcome failed = UndoneOf(TakeJob());
  failed.report.error = "another run does not end";
  agent_->OnFinished(failed);
  EXPECT_THAT(jobs_, IsEmpty());
  EXPECT_TRUE(SomethingPends());
  clock().Advance(absl::Seconds(10));
  agent_->Tick();
  EXPECT_EQ(TakeJob().kind, Job::Kind::kUndo);
}

TEST_F(AgentConfirmTest, WhatWasUndoneWithoutAServerIsTriedAgainOnceItIsThere) {
  Connect();
  Enforce(1);
  const std::set<std::string> resources = {"file:/b"};
  ASSERT_OK(undo::WriteHold(directory_,
                            {"r1", "01RUN", "not confirmed", clock().Now(), resources, true}));
  Connect();
  EXPECT_EQ(undo::ReadHold(directory_), std::nullopt);
  EXPECT_EQ(TakeJob().reason, "connected");
}

TEST_F(AgentConfirmTest, WhatWasUndoneAlthoughTheServerWasThereStaysHeld) {
  Connect();
  Enforce(1);
  ASSERT_OK(
      undo::WriteHold(directory_, {"r1", "01RUN", "not confirmed", clock().Now(), {}, false}));
  Connect();
  EXPECT_TRUE(undo::ReadHold(directory_).has_value());
  EXPECT_THAT(jobs_, IsEmpty());
}

}  // namespace
}  // namespace fettle::agent
