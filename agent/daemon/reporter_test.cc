// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/reporter.h"

#include "agent/daemon/agent_fixture_for_test.h"

namespace fettle::agent {
namespace {

using resource::State;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ReporterTest : public AgentFixture {
 protected:
  Job RunOf(const std::string& reason) {
    Job job;
    job.revision = author_.Make(1, {{"fleet.lua", ""}}).assignment;
    job.reason = reason;
    return job;
  }

  std::size_t Waiting() const { return spool_->waiting(); }
};

TEST_F(ReporterTest, SendsTheSameDigestThatTheServerComputesFromTheStates) {
  reporter_->Record(RanWith(RunOf("push"), State::kFailed));
  EXPECT_EQ(reporter_->states(),
            resource::StateDigest({{"file:/a", State::kOk}, {"file:/b", State::kFailed}}));
  EXPECT_THAT(reporter_->Unrest(), SizeIs(1));
}

TEST_F(ReporterTest, WhatChangedRestsAsOk) {
  reporter_->Record(RanWith(RunOf("push"), State::kChanged));
  EXPECT_EQ(reporter_->states(),
            resource::StateDigest({{"file:/a", State::kOk}, {"file:/b", State::kOk}}));
  EXPECT_THAT(reporter_->Unrest(), IsEmpty());
}

TEST_F(ReporterTest, RepeatsNothingAfterARestart) {
  reporter_->Record(RanWith(RunOf("push"), State::kFailed));
  EXPECT_EQ(Waiting(), 3U);
  Open();
  reporter_->Record(RanWith(RunOf("start"), State::kFailed));
  EXPECT_EQ(Waiting(), 3U);
  reporter_->Record(RanWith(RunOf("start"), State::kOk));
  EXPECT_EQ(Waiting(), 4U);
}

TEST_F(ReporterTest, TellsFactsWhenTheyChanged) {
  reporter_->Record(RanWith(RunOf("push"), State::kOk));
  const std::size_t before = Waiting();
  facts_json_ = "{\"hostname\":\"web2\"}";
  reporter_->Record(RanWith(RunOf("sweep"), State::kOk));
  EXPECT_EQ(Waiting(), before + 1);
}

TEST_F(ReporterTest, TellsOnceThatRunsCannotBeDone) {
  reporter_->Record(RanWith(RunOf("push"), State::kOk));
  const Digest states = reporter_->states();
  const std::size_t before = Waiting();
  Outcome failed;
  failed.job = RunOf("sweep");
  failed.report.reason = "sweep";
  failed.report.error = "the evaluator cannot be started";
  reporter_->Record(failed);
  reporter_->Record(failed);
  EXPECT_EQ(Waiting(), before + 1);
  EXPECT_EQ(reporter_->states(), states) << "what is so did not change by that";
  reporter_->Record(RanWith(RunOf("sweep"), State::kOk));
  EXPECT_EQ(Waiting(), before + 2) << "that it can again is news";
}

TEST_F(ReporterTest, APartialRunLeavesTheOthersAsTheyWere) {
  reporter_->Record(RanWith(RunOf("push"), State::kFailed));
  Outcome partial;
  partial.job = RunOf("drift");
  partial.job.only = {"file:/b"};
  partial.report = RanWith(partial.job, State::kOk).report;
  partial.report.partial = true;
  reporter_->Record(partial);
  EXPECT_EQ(reporter_->states(),
            resource::StateDigest({{"file:/a", State::kOk}, {"file:/b", State::kOk}}));
}

TEST_F(ReporterTest, APartialRunNamesWhatSomebodyElsePutRight) {
  reporter_->Record(RanWith(RunOf("push"), State::kDrifted));
  const uint64_t next = spool_->next_sequence();
  Outcome partial;
  partial.job = RunOf("drift");
  partial.job.only = {"file:/a", "file:/b"};
  partial.report = RanWith(partial.job, State::kOk).report;
  partial.report.partial = true;
  reporter_->Record(partial);
  resource::RunReport told = partial.report;
  told.states = reporter_->states();
  told.resources.emplace_back().id = "file:/b";
  told.resources.back().state = State::kOk;
  const auto records = spool_->Unacknowledged(next, 1 << 20);
  ASSERT_OK(records);
  ASSERT_THAT(*records, SizeIs(1));
  EXPECT_EQ(records->front().body, link::EncodeRun(told));
}

TEST_F(ReporterTest, RefusalsAreToldOnceEvenAcrossRestarts) {
  const link::Assignment assignment = author_.Make(3, {{"fleet.lua", ""}}).assignment;
  reporter_->Refuse(assignment, "no");
  Open();
  reporter_->Refuse(assignment, "no");
  EXPECT_EQ(Waiting(), 1U);
  reporter_->Refuse(assignment, "another reason");
  EXPECT_EQ(Waiting(), 2U);
}

TEST_F(ReporterTest, WhatWasUndoneIsToldAtOnceAndCountsForTheDigest) {
  reporter_->Record(RanWith(RunOf("push"), State::kChanged));
  resource::RunReport undone;
  undone.id = "UNDO";
  undone.revision = "r1";
  undone.partial = true;
  undone.resources.resize(2);
  undone.resources[0].id = "file:/b";
  undone.resources[0].state = State::kReverted;
  undone.resources[1].id = "file:/of-another-catalog";
  undone.resources[1].state = State::kReverted;
  const uint64_t before = spool_->next_sequence();
  reporter_->RecordUndo(undone);
  EXPECT_EQ(spool_->next_sequence(), before + 1);
  EXPECT_EQ(reporter_->states(),
            resource::StateDigest({{"file:/a", State::kOk}, {"file:/b", State::kReverted}}));
  // The next look says the same of it: nothing new.
  reporter_->Record(RanWith(RunOf("sweep"), State::kReverted));
  EXPECT_EQ(spool_->next_sequence(), before + 1);
}

}  // namespace
}  // namespace fettle::agent
