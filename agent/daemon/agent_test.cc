// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/agent.h"

#include "agent/daemon/agent_fixture_for_test.h"

namespace fettle::agent {
namespace {

using fettle::testing::StatusIs;
using resource::State;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class AgentTest : public AgentFixture {};

TEST_F(AgentTest, FetchesChecksKeepsAndRunsWhatItIsAssigned) {
  Connect();
  const MadeRevision made = author_.Make(1, {{"fleet.lua", "-- one\n"}});
  agent_->OnEvent(made.assignment);
  ASSERT_THAT(outlet_.fetches, ElementsAre(ElementsAre(made.tree)));
  Serve(made);
  ASSERT_THAT(outlet_.fetches, SizeIs(2));
  EXPECT_THAT(jobs_, IsEmpty());
  Serve(made);

  const Job check = TakeJob();
  EXPECT_EQ(revisions_->current(), std::nullopt);
  PassCheck(check);
  EXPECT_EQ(revisions_->current(), made.assignment);
  const Job run = TakeJob();
  EXPECT_EQ(run.kind, Job::Kind::kRun);
  EXPECT_EQ(run.reason, "push");
  EXPECT_EQ(run.tree, made.tree);
  EXPECT_FALSE(run.audit);
  Finish(run, State::kChanged);
  EXPECT_THAT(outlet_.reports, SizeIs(3));  // The run, a snapshot, the facts.
  EXPECT_THAT(outlet_.Bodies(), Contains(link::EncodeFacts(facts_json_)));
}

TEST_F(AgentTest, AppliesNothingThatNoListedKeySigned) {
  Connect();
  const AuthorForTest mallory;
  const MadeRevision evil = mallory.Make(1, {{"fleet.lua", "-- evil\n"}});
  agent_->OnEvent(evil.assignment);
  EXPECT_THAT(outlet_.fetches, IsEmpty());
  EXPECT_THAT(jobs_, IsEmpty());
  EXPECT_THAT(reporter_->refusal(), HasSubstr("r1:"));
  ASSERT_THAT(outlet_.reports, SizeIs(1));
  agent_->OnEvent(evil.assignment);
  EXPECT_THAT(outlet_.reports, SizeIs(1)) << "a refusal is said once";
  EXPECT_THAT(agent_->Status(), HasSubstr("refused    r1:"));
}

TEST_F(AgentTest, KeepsTheLastGoodRevisionWhenTheNextDoesNotEvaluate) {
  Connect();
  const MadeRevision good = Enforce(1);
  const MadeRevision bad = author_.Make(2, {{"fleet.lua", "this is no Lua\n"}});
  AssignAndServe(bad);
  Outcome outcome;
  outcome.job = TakeJob();
  outcome.refusal = "fleet.lua:1: syntax error";
  agent_->OnFinished(outcome);
  EXPECT_EQ(revisions_->current(), good.assignment);
  EXPECT_THAT(jobs_, IsEmpty());
  EXPECT_THAT(
      outlet_.Bodies(),
      Contains(link::EncodeRefusal("r2", bad.assignment.revision_id, "fleet.lua:1: syntax error")));

  clock().Advance(absl::Minutes(31));
  agent_->Tick();
  // The bad one is tried again, for what it depends on may have changed; the good one is enforced.
  outcome.job = TakeJob();
  EXPECT_EQ(outcome.job.kind, Job::Kind::kCheck);
  agent_->OnFinished(outcome);
  const Job sweep = TakeJob();
  EXPECT_EQ(sweep.reason, "sweep");
  EXPECT_EQ(sweep.revision, good.assignment);
}

TEST_F(AgentTest, TakesARefusalBackWhenTheNextRevisionIsGood) {
  Connect();
  agent_->OnEvent(AuthorForTest().Make(1, {{"fleet.lua", ""}}).assignment);
  const MadeRevision good = Enforce(2);
  EXPECT_THAT(outlet_.Bodies(),
              Contains(link::EncodeRefusal("r2", good.assignment.revision_id, "")));
  EXPECT_THAT(reporter_->refusal(), IsEmpty());
}

TEST_F(AgentTest, RefusesARevisionWhoseBlobIsNotWhatItIsSaidToBe) {
  Connect();
  const MadeRevision made = author_.Make(1, {{"fleet.lua", "-- one\n"}});
  agent_->OnEvent(made.assignment);
  agent_->OnEvent(link::Blob{made.tree, "something else"});
  agent_->OnEvent(link::FetchDone{""});
  EXPECT_THAT(reporter_->refusal(), HasSubstr("another digest"));
  EXPECT_THAT(jobs_, IsEmpty());
}

TEST_F(AgentTest, TheLatestAssignmentWins) {
  Connect();
  const MadeRevision first = author_.Make(1, {{"fleet.lua", "-- one\n"}});
  const MadeRevision second = author_.Make(2, {{"fleet.lua", "-- two\n"}});
  AssignAndServe(first);
  const Job check = TakeJob();
  agent_->OnEvent(second.assignment);
  PassCheck(check);
  EXPECT_EQ(revisions_->current(), std::nullopt);
  Serve(second);
  Serve(second);
  PassCheck(TakeJob());
  EXPECT_EQ(revisions_->current(), second.assignment);
}

TEST_F(AgentTest, GoingBackToTheEnforcedRevisionDropsTheOneThatIsOnItsWay) {
  Connect();
  const MadeRevision first = Enforce(1);
  agent_->OnEvent(author_.Make(2, {{"fleet.lua", "-- two\n"}}).assignment);
  agent_->OnEvent(first.assignment);
  agent_->OnEvent(link::FetchDone{""});
  EXPECT_THAT(jobs_, IsEmpty());
  EXPECT_EQ(revisions_->current(), first.assignment);
}

TEST_F(AgentTest, NewLabelsAreEvaluatedAndRunAtOnce) {
  Connect();
  MadeRevision made = Enforce(1);
  made.assignment.labels["role"] = "db";
  agent_->OnEvent(made.assignment);
  PassCheck(TakeJob());
  EXPECT_EQ(TakeJob().revision.labels.at("role"), "db");
}

TEST_F(AgentTest, TriesAFailedFetchAgainLater) {
  Connect();
  const MadeRevision made = author_.Make(1, {{"fleet.lua", "-- one\n"}});
  agent_->OnEvent(made.assignment);
  agent_->OnEvent(link::FetchDone{"blob store is on fire"});
  EXPECT_THAT(outlet_.fetches, SizeIs(1));
  EXPECT_LE(agent_->UntilTick(), absl::Seconds(5));
  clock().Advance(absl::Seconds(5));
  agent_->Tick();
  EXPECT_THAT(outlet_.fetches, SizeIs(2));
}

TEST_F(AgentTest, SaysOnTheServerWhyItCannotFetchAndTakesItBackOnceItCould) {
  Connect();
  const MadeRevision made = author_.Make(1, {{"fleet.lua", "-- one\n"}});
  agent_->OnEvent(made.assignment);
  agent_->OnEvent(link::FetchDone{"blob 12 was damaged in the store"});
  EXPECT_EQ(reporter_->refusal(), "");
  clock().Advance(absl::Seconds(5));
  agent_->Tick();
  agent_->OnEvent(link::FetchDone{"blob 12 was damaged in the store"});
  EXPECT_EQ(reporter_->refusal(), "r1: cannot be fetched: blob 12 was damaged in the store");
  clock().Advance(absl::Minutes(1));
  agent_->Tick();
  Serve(made);
  Serve(made);
  PassCheck(TakeJob());
  EXPECT_EQ(reporter_->refusal(), "");
}

TEST_F(AgentTest, GoesOnFetchingInTheNextSession) {
  Connect();
  const MadeRevision made = author_.Make(1, {{"fleet.lua", "-- one\n"}});
  agent_->OnEvent(made.assignment);
  agent_->OnEvent(link::Disconnected{"gone"});
  Connect();
  EXPECT_THAT(outlet_.fetches, SizeIs(2));
  Serve(made);
  Serve(made);
  PassCheck(TakeJob());
  EXPECT_EQ(revisions_->current(), made.assignment);
}

TEST_F(AgentTest, EnforcesTheLastGoodRevisionWithoutAnyServer) {
  Connect();
  const MadeRevision made = Enforce(1);
  Open();
  const Job job = TakeJob();
  EXPECT_EQ(job.reason, "start");
  EXPECT_EQ(job.revision, made.assignment);
}

TEST_F(AgentTest, EnforcesNothingAnyMoreWhenItsKeyIsTakenOffTheList) {
  Connect();
  Enforce(1);
  Trust(AuthorForTest().KeyLine());
  clock().Advance(absl::Minutes(40));
  agent_->Tick();
  EXPECT_THAT(jobs_, IsEmpty());
  EXPECT_THAT(reporter_->refusal(), HasSubstr("r1"));
  Open();
  EXPECT_THAT(jobs_, IsEmpty());

  Connect();
  Trust(author_.KeyLine());
  agent_->OnEvent(revisions_->current().value());
  PassCheck(TakeJob());
  EXPECT_EQ(TakeJob().reason, "push");
}

TEST_F(AgentTest, SaysNothingOfASweepThatFoundEverythingAsItWas) {
  Connect();
  Enforce(1);
  const std::size_t before = outlet_.reports.size();
  clock().Advance(absl::Minutes(31));
  agent_->Tick();
  Finish(TakeJob(), State::kOk);
  EXPECT_THAT(outlet_.reports, SizeIs(before));
  EXPECT_EQ(agent_->UntilTick() <= absl::Seconds(60), true);
}

TEST_F(AgentTest, TellsASweepThatChangedOrFoundSomething) {
  Connect();
  Enforce(1);
  for (const State state : {State::kChanged, State::kFailed}) {
    const std::size_t before = outlet_.reports.size();
    clock().Advance(absl::Minutes(33));
    agent_->Tick();
    Finish(TakeJob(), state);
    EXPECT_THAT(outlet_.reports, SizeIs(before + 1)) << resource::StateName(state);
    outlet_.reports.clear();
    agent_->OnEvent(link::Acknowledged{spool_->epoch(), spool_->next_sequence() - 1});
  }
  // Still failed: known already.
  clock().Advance(absl::Minutes(33));
  agent_->Tick();
  Finish(TakeJob(), State::kFailed);
  EXPECT_THAT(outlet_.reports, IsEmpty());
}

TEST_F(AgentTest, TriesAgainSoonWhatIsBlocked) {
  Connect();
  Enforce(1);
  clock().Advance(absl::Minutes(33));
  agent_->Tick();
  Finish(TakeJob(), State::kBlocked);
  clock().Advance(absl::Seconds(59));
  agent_->Tick();
  EXPECT_THAT(jobs_, IsEmpty());
  clock().Advance(absl::Seconds(2));
  agent_->Tick();
  EXPECT_EQ(TakeJob().reason, "sweep");
}

TEST_F(AgentTest, RequestsDuringARunShareTheNextOne) {
  Connect();
  Enforce(1);
  agent_->OnEvent(link::RunRequest{"1", "first"});
  const Job first = TakeJob();
  int told = 0;
  agent_->OnEvent(link::RunRequest{"2", "second"});
  ASSERT_OK(agent_->RequestRun("third", false, [&](const std::string&, int code) {
    ++told;
    EXPECT_EQ(code, 2);
  }));
  EXPECT_THAT(jobs_, IsEmpty());
  Finish(first, State::kOk);
  EXPECT_EQ(told, 0);
  Finish(TakeJob(), State::kChanged);
  EXPECT_EQ(told, 1);
  EXPECT_THAT(jobs_, IsEmpty());
}

TEST_F(AgentTest, AnswersAResyncWithAllStatesAndFacts) {
  Connect();
  Enforce(1);
  outlet_.reports.clear();
  agent_->OnEvent(link::Acknowledged{spool_->epoch(), spool_->next_sequence() - 1});
  agent_->OnEvent(link::Resync{});
  const link::Snapshot snapshot{
      reporter_->catalog(),
      "r1",
      {{"file:/a", State::kOk, "fleet.lua:1", {}}, {"file:/b", State::kOk, "fleet.lua:2", {}}},
      reporter_->states()};
  EXPECT_THAT(outlet_.Bodies(),
              ElementsAre(link::EncodeSnapshot(snapshot), link::EncodeFacts(facts_json_)));
}

TEST_F(AgentTest, AnswersAResyncBeforeTheFirstRunWhenThatIsOver) {
  Connect();
  Enforce(1);
  Open();
  Connect(3);
  const Job first = TakeJob();
  agent_->OnEvent(link::Resync{});
  EXPECT_THAT(outlet_.reports, IsEmpty());
  Finish(first, State::kOk);
  EXPECT_THAT(outlet_.Bodies(), Contains(link::EncodeFacts(facts_json_)));
}

TEST_F(AgentTest, GivesASignOfLifeAtTheServersInterval) {
  Connect();
  Enforce(1);
  EXPECT_LE(agent_->UntilTick(), absl::Seconds(60));
  agent_->Tick();
  EXPECT_THAT(outlet_.heartbeats, IsEmpty());
  clock().Advance(absl::Seconds(60));
  agent_->Tick();
  ASSERT_THAT(outlet_.heartbeats, SizeIs(1));
  EXPECT_EQ(outlet_.heartbeats[0].states, reporter_->states());
  EXPECT_EQ(outlet_.heartbeats[0].revision_id, revisions_->current()->revision_id);
  EXPECT_FALSE(outlet_.heartbeats[0].states.empty());
}

TEST_F(AgentTest, SendsAgainWhatWasNotAcknowledged) {
  Connect();
  Enforce(1);
  const auto sent = outlet_.Bodies();
  ASSERT_THAT(sent, SizeIs(3));
  agent_->OnEvent(link::Acknowledged{spool_->epoch(), 1});
  agent_->OnEvent(link::Disconnected{"gone"});
  outlet_.reports.clear();
  Connect(1);
  EXPECT_THAT(outlet_.Bodies(), ElementsAre(sent[1], sent[2]));
  EXPECT_EQ(outlet_.reports[0].second.sequence, 2U);
}

TEST_F(AgentTest, NumbersItsReportsAnewWhenItWasRestoredFromACopy) {
  Connect();
  Enforce(1);
  const std::string epoch = spool_->epoch();
  agent_->OnEvent(link::Disconnected{"gone"});
  outlet_.reports.clear();
  Connect(spool_->next_sequence() + 50);
  EXPECT_NE(spool_->epoch(), epoch);
  ASSERT_THAT(outlet_.reports, SizeIs(3));
  EXPECT_EQ(outlet_.reports[0].first, spool_->epoch());
  EXPECT_EQ(outlet_.reports[0].second.sequence, 1U);
}

TEST_F(AgentTest, APausedHostOnlyLooksUntilThePauseEndsByItself) {
  Connect();
  Enforce(1);
  EXPECT_THAT(agent_->BeginPause(absl::Hours(2), " "),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("reason")));
  ASSERT_OK(agent_->BeginPause(absl::Hours(2), "surgery"));
  const Job looked = TakeJob();
  EXPECT_TRUE(looked.paused);
  Finish(looked, State::kDrifted);
  EXPECT_THAT(agent_->Status(), HasSubstr("surgery"));

  Open();  // A restart does not end it.
  const Job started = TakeJob();
  EXPECT_TRUE(started.paused);
  Finish(started, State::kDrifted);
  clock().Advance(absl::Hours(2));
  agent_->Tick();
  const Job resumed = TakeJob();
  EXPECT_FALSE(resumed.paused);
  EXPECT_THAT(agent_->EndPause(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(AgentTest, AHostThatIsNotEnforcedIsOnlyLookedAt) {
  config_.enforce = false;
  Connect();
  const MadeRevision made = author_.Make(1, {{"fleet.lua", ""}});
  AssignAndServe(made);
  PassCheck(TakeJob());
  EXPECT_TRUE(TakeJob().audit);
}

TEST_F(AgentTest, RenewsItsCertificateAtHalfItsLifeAndReconnectsWithIt) {
  Connect();
  EXPECT_THAT(outlet_.renewals, IsEmpty());
  clock().Advance(absl::Hours(37));
  agent_->Tick();
  ASSERT_THAT(outlet_.renewals, SizeIs(1));
  agent_->Tick();
  EXPECT_THAT(outlet_.renewals, SizeIs(1));
  const std::string certificate = IssueFor(outlet_.renewals[0]);
  agent_->OnEvent(link::Renewed{certificate, ca_.certificate_pem()});
  ASSERT_THAT(outlet_.credentials, SizeIs(2));
  EXPECT_EQ(outlet_.credentials[1].certificate, certificate);
  EXPECT_NE(outlet_.credentials[1].private_key, outlet_.credentials[0].private_key);
}

TEST_F(AgentTest, KeepsItsCertificateWhenTheNewOneIsNotGood) {
  Connect();
  clock().Advance(absl::Hours(37));
  agent_->Tick();
  const pki::CertificateAuthority other = NewAuthority();
  pki::IssueRequest request;
  request.identity = {pki::Role::kHost, "web1"};
  request.csr_pem = outlet_.renewals.at(0);
  request.validity = absl::Hours(72);
  request.now = clock().Now();
  agent_->OnEvent(link::Renewed{*other.Issue(request), other.certificate_pem()});
  EXPECT_THAT(outlet_.credentials, SizeIs(1));
  clock().Advance(absl::Hours(8));
  agent_->Tick();
  EXPECT_THAT(outlet_.renewals, SizeIs(2));
}

TEST_F(AgentTest, KeepsReportsWhileThereIsNoServer) {
  Connect();
  Enforce(1);
  agent_->Attach(nullptr, "the link ended");
  outlet_.reports.clear();
  for (int i = 0; i < 3; ++i) {
    clock().Advance(absl::Minutes(40));
    agent_->Tick();
    Finish(TakeJob(), State::kChanged);
  }
  EXPECT_THAT(outlet_.reports, IsEmpty());
  Connect(3);
  EXPECT_THAT(outlet_.reports, SizeIs(3));
}

TEST_F(AgentTest, FetchesContentAgainThatWasDamagedOnDisk) {
  Connect();
  const MadeRevision made = Enforce(1);
  const std::string hex = Sha256("-- revision 1\n").Hex();
  std::filesystem::remove(directory_ + "/blobs/" + hex.substr(0, 2) + "/" + hex);
  agent_->OnEvent(link::RunRequest{"1", "test"});
  Outcome outcome;
  outcome.job = TakeJob();
  outcome.incomplete = true;
  outcome.report.error = "missing";
  agent_->OnFinished(outcome);
  EXPECT_THAT(outlet_.fetches.back(), ElementsAre(Sha256("-- revision 1\n")));
  Serve(made);
  PassCheck(TakeJob());
  EXPECT_EQ(TakeJob().kind, Job::Kind::kRun);
}

TEST_F(AgentTest, StartsNothingNewOnceItIsAskedToStop) {
  Connect();
  Enforce(1);
  agent_->OnEvent(link::RunRequest{"1", "test"});
  const Job job = TakeJob();
  EXPECT_TRUE(agent_->Stop());
  agent_->OnEvent(link::RunRequest{"2", "test"});
  Finish(job, State::kChanged);
  EXPECT_FALSE(agent_->busy());
  EXPECT_THAT(jobs_, IsEmpty());
}

TEST_F(AgentTest, SaysAtTheHostWhyThereIsNothingToApply) {
  EXPECT_THAT(agent_->RequestRun("x", false, nullptr),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not assigned one yet")));
  EXPECT_THAT(agent_->Status(), HasSubstr("revision   none yet"));
}

TEST_F(AgentTest, IgnoresBlobsThatItDidNotAskFor) {
  Connect();
  agent_->OnEvent(link::Blob{Sha256("junk"), "junk"});
  EXPECT_FALSE(revisions_->blobs().Has(Sha256("junk")));
}

}  // namespace
}  // namespace fettle::agent
