// SPDX-License-Identifier: Apache-2.0
// What somebody asks of the agent through the server, and waits for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/daemon/agent_fixture_for_test.h"
#include "agent/link/encode_answer.h"

namespace fettle::agent {
namespace {

using resource::State;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class AgentTasksTest : public AgentFixture {
 protected:
  static link::PlanOrder Plan(const MadeRevision& made, const std::string& task = "T") {
    return {task, "user/ann", made.assignment};
  }

  MadeRevision Make(int number) {
    return author_.Make(number, {{"fleet.lua", "-- planned " + std::to_string(number) + "\n"}});
  }

  // The job under way ends with this answer.
  void Answer(const Job& job, const std::string& text) {
    Outcome outcome;
    outcome.job = job;
    outcome.answer = text;
    agent_->OnFinished(outcome);
  }

  // The last that was answered; "" for nothing.
  std::string Last() const { return outlet_.answers.empty() ? "" : outlet_.answers.back(); }
};

TEST_F(AgentTasksTest, APlanOfARevisionThatIsNotHereIsMadeOnceItsContentIs) {
  Connect();
  Enforce(1);
  const MadeRevision second = Make(2);
  agent_->OnEvent(Plan(second));
  Serve(second);
  Serve(second);
  const Job job = TakeJob();
  EXPECT_EQ(job.kind, Job::Kind::kPlan);
  EXPECT_EQ(job.revision.revision, "r2");
  EXPECT_EQ(job.task, "T");
  EXPECT_FALSE(job.tree.empty());
  EXPECT_EQ(revisions_->current()->revision, "r1") << "it is not enforced because of that";
  Answer(job, "the plan");
  EXPECT_EQ(Last(), "the plan");
  EXPECT_THAT(jobs_, IsEmpty());
}

TEST_F(AgentTasksTest, APlanOfWhatNobodySignedIsRefusedAndWhatIsEnforcedStays) {
  Connect();
  Enforce(1);
  MadeRevision forged = Make(2);
  forged.assignment.signature = "none";
  const std::size_t reports = outlet_.reports.size();
  agent_->OnEvent(Plan(forged));
  EXPECT_THAT(Last(), HasSubstr("r2 is not taken"));
  EXPECT_THAT(jobs_, IsEmpty());
  EXPECT_THAT(outlet_.fetches, SizeIs(2)) << "those of r1 alone";
  EXPECT_EQ(reporter_->refusal(), "");
  EXPECT_THAT(outlet_.reports, SizeIs(reports)) << "it was not assigned";
}

TEST_F(AgentTasksTest, WhatIsAssignedMeanwhileGoesFirst) {
  Connect();
  Enforce(1);
  const MadeRevision planned = Make(2);
  agent_->OnEvent(Plan(planned));
  const MadeRevision assigned = Make(3);
  agent_->OnEvent(assigned.assignment);
  agent_->OnEvent(link::FetchDone{"given up"});  // Of the plan's.
  Serve(assigned);
  Serve(assigned);
  const Job check = TakeJob();
  EXPECT_EQ(check.kind, Job::Kind::kCheck);
  EXPECT_EQ(check.revision.revision, "r3");
  PassCheck(check);
  Finish(TakeJob(), State::kChanged);
  Serve(planned);
  Serve(planned);
  EXPECT_EQ(TakeJob().revision.revision, "r2");
}

TEST_F(AgentTasksTest, APlanIsCarriedOutOfWhatIsEnforcedAndItsRunIsReported) {
  Connect();
  Enforce(1);
  agent_->OnEvent(link::ApplyPlanOrder{"T", "user/ann", "as agreed", "3f0c"});
  Job job = TakeJob();
  EXPECT_EQ(job.kind, Job::Kind::kApplyPlan);
  EXPECT_EQ(job.plan, "3f0c");
  EXPECT_EQ(job.revision.revision, "r1");
  EXPECT_EQ(job.reason, "as agreed (user/ann)");
  const std::size_t reports = outlet_.reports.size();
  Outcome outcome = RanWith(job, State::kChanged);
  outcome.answer = "the report";
  agent_->OnFinished(outcome);
  EXPECT_EQ(Last(), "the report");
  EXPECT_THAT(outlet_.reports, SizeIs(reports + 1));
}

TEST_F(AgentTasksTest, APlanThatIsRefusedIsNoRun) {
  Connect();
  Enforce(1);
  agent_->OnEvent(link::ApplyPlanOrder{"T", "user/ann", "", "3f0c"});
  const std::size_t reports = outlet_.reports.size();
  Answer(TakeJob(), "no such plan");
  EXPECT_EQ(Last(), "no such plan");
  EXPECT_THAT(outlet_.reports, SizeIs(reports));
}

TEST_F(AgentTasksTest, WithoutARevisionOrWhereItOnlyLooksNoPlanIsCarriedOut) {
  Connect();
  agent_->OnEvent(link::ApplyPlanOrder{"T", "user/ann", "", "3f0c"});
  EXPECT_THAT(Last(), HasSubstr("enforces no revision"));
  Enforce(1);
  config_.enforce = false;
  agent_->OnEvent(link::ApplyPlanOrder{"T", "user/ann", "", "3f0c"});
  EXPECT_THAT(Last(), HasSubstr("only looks"));
  EXPECT_THAT(jobs_, IsEmpty());
}

TEST_F(AgentTasksTest, WhatWaitsIsDroppedWithTheSession) {
  Connect();
  Enforce(1);
  agent_->OnEvent(link::RunRequest{"1", "first"});
  const Job run = TakeJob();
  const MadeRevision second = Make(2);
  agent_->OnEvent(Plan(second));
  agent_->OnEvent(link::Disconnected{"gone"});
  Finish(run, State::kOk);
  EXPECT_THAT(jobs_, IsEmpty());
}

TEST_F(AgentTasksTest, TooMuchAtOnceIsRefused) {
  Connect();
  Enforce(1);
  agent_->OnEvent(link::RunRequest{"1", "first"});
  const Job run = TakeJob();
  const MadeRevision second = Make(2);
  for (int i = 0; i < 9; ++i) {
    agent_->OnEvent(Plan(second, std::to_string(i)));
  }
  EXPECT_THAT(Last(), HasSubstr("too much is asked"));
  Finish(run, State::kOk);
}

TEST_F(AgentTasksTest, WhatItDoesNotKnowIsSaid) {
  Connect();
  agent_->OnEvent(link::UnknownOrder{"T"});
  EXPECT_THAT(Last(), HasSubstr("upgrade it"));
}

}  // namespace
}  // namespace fettle::agent
