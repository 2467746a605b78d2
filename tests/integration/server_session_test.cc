// SPDX-License-Identifier: Apache-2.0
// What goes on between a host and the server while it is connected: a real server, real TLS.
#include "lib/digest/digest.h"
#include "lib/resource/report.h"
#include "lib/wire/package_wire.h"
#include "lib/wire/report_wire.h"
#include "tests/server/server_world.h"
#include "tests/server/store_fixture.h"
#include "tests/support/status_matchers.h"

namespace fettle::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SessionTest : public ServerWorld {
 protected:
  void SetUp() override {
    ServerWorld::SetUp();
    web1_ = EnrolledHost("web1");
  }

  std::unique_ptr<TestSession> Session(const std::string& machine = "machine-web1") const {
    return std::make_unique<TestSession>(Connect(web1_), machine);
  }

  // Connected, greeted; what it answered.
  v1::HelloAck Greet(TestSession* session,
                     const std::string& epoch = "e1",
                     uint64_t next_sequence = 1) {
    session->Hello(epoch, next_sequence);
    const v1::ServerMessage message = session->Next();
    EXPECT_TRUE(message.has_hello_ack()) << message.ShortDebugString();
    return message.hello_ack();
  }

  v1::HostDetail Host() const {
    v1::GetHostRequest request;
    request.set_name("web1");
    Call call;
    v1::HostDetail detail;
    EXPECT_OK(Of(FleetOf(admin())->GetHost(&call, request, &detail)));
    return detail;
  }

  std::vector<v1::RunReport> Runs() const {
    Call call;
    v1::RunsResponse response;
    EXPECT_OK(Of(HistoryOf(admin())->Runs(&call, {}, &response)));
    return {response.runs().begin(), response.runs().end()};
  }

  absl::Status RevokeHost() const {
    v1::RevokeRequest request;
    request.set_host("web1");
    Call call;
    v1::RevokeResponse response;
    RETURN_IF_ERROR(Of(FleetOf(admin())->Revoke(&call, request, &response)));
    return response.sessions_ended() == 1 ? absl::OkStatus() : absl::InternalError("none ended");
  }

  Credential web1_;
};

TEST_F(SessionTest, ASessionBeginsWithHelloOfAProtocolThatBothSpeak) {
  const auto silent = Session();
  silent->Heartbeat("", "", 0);
  EXPECT_THAT(silent->Ended(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("begins with Hello")));
  const auto future = Session();
  v1::AgentMessage hello;
  hello.mutable_hello()->set_protocol(2);
  future->Send(hello);
  EXPECT_THAT(
      future->Ended(),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("server must be upgraded")));
  const auto session = Session();
  EXPECT_EQ(Greet(session.get()).heartbeat_seconds(), 60U);
  session->Hello();
  EXPECT_THAT(session->Ended(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(SessionTest, AHostLearnsItsRevisionWhenItConnectsAndWhenItChanges) {
  const v1::Revision first = Publish("-- one", "production");
  const auto session = Session();
  Greet(session.get());
  const v1::ServerMessage at_once = session->Next();
  ASSERT_TRUE(at_once.has_assignment()) << at_once.ShortDebugString();
  EXPECT_EQ(at_once.assignment().revision(), "r1");
  EXPECT_EQ(at_once.assignment().revision_id(), first.id());
  EXPECT_EQ(at_once.assignment().statement(), first.statement());
  EXPECT_EQ(at_once.assignment().signature(), first.signature());
  EXPECT_EQ(at_once.assignment().channel(), "production");
  const v1::Revision second = Publish("-- two");
  ASSERT_OK(SetChannel("production", second.name()));
  EXPECT_EQ(session->Next().assignment().revision(), "r2");
  Publish("-- three", "production");
  EXPECT_EQ(session->Next().assignment().revision(), "r3");
  ASSERT_OK(SetChannel("production", "r1"));
  EXPECT_EQ(session->Next().assignment().revision(), "r1");
  EXPECT_EQ(Host().host().assigned_revision(), "r1");
}

TEST_F(SessionTest, LabelsAndChannelOfAHostReachItAtOnce) {
  Publish("-- one", "production");
  const v1::Revision second = Publish("-- two", "staging");
  const auto session = Session();
  Greet(session.get());
  EXPECT_EQ(session->Next().assignment().revision(), "r1");
  v1::UpdateHostRequest request;
  request.set_name("web1");
  (*request.mutable_set_labels())["role"] = "web";
  Call label;
  v1::Host host;
  ASSERT_OK(Of(FleetOf(admin())->UpdateHost(&label, request, &host)));
  EXPECT_EQ(host.labels().at("role"), "web");
  const v1::ServerMessage labelled = session->Next();
  EXPECT_EQ(labelled.assignment().labels().at("role"), "web");
  EXPECT_EQ(labelled.assignment().revision(), "r1");
  request.set_channel("staging");
  Call move;
  ASSERT_OK(Of(FleetOf(admin())->UpdateHost(&move, request, &host)));
  EXPECT_EQ(session->Next().assignment().revision_id(), second.id());
  request.set_channel("stagign");
  Call typo;
  EXPECT_THAT(Of(FleetOf(admin())->UpdateHost(&typo, request, &host)),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no channel \"stagign\"")));
}

TEST_F(SessionTest, ReportsAreAcknowledgedAfterCommitAndCountOnce) {
  const auto session = Session();
  Greet(session.get());
  session->Report(
      "e1",
      {RunReportOf(1, "file:/a", v1::STATE_FAILED), RunReportOf(2, "file:/a", v1::STATE_FAILED)});
  const v1::ServerMessage first = session->Next();
  EXPECT_EQ(first.acknowledgement().epoch(), "e1");
  EXPECT_EQ(first.acknowledgement().sequence(), 2U);
  EXPECT_THAT(Runs(), SizeIs(2));  // They stand there as soon as the host knows.
  session->Report("e1", {RunReportOf(2, "file:/a", v1::STATE_FAILED)});
  EXPECT_EQ(session->Next().acknowledgement().sequence(), 2U);
  EXPECT_THAT(Runs(), SizeIs(2));
  EXPECT_EQ(Host().host().counts().failed(), 1);
  EXPECT_EQ(Runs()[0].host(), "web1");
}

TEST_F(SessionTest, ReportsThatTheHostDidNotSignAreNotTakenIn) {
  auto session = Session();
  Greet(session.get());
  session->SignAs("db1");
  session->Report("e1", {RunReportOf(1, "file:/a", v1::STATE_OK)});
  EXPECT_THAT(session->Ended(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("report-key.pem")));
  EXPECT_THAT(Runs(), IsEmpty());
  auto again = Session();
  EXPECT_EQ(Greet(again.get()).acknowledged(), 0U);
  again->Report("e1", {RunReportOf(1, "file:/a", v1::STATE_OK)});
  EXPECT_EQ(again->Next().acknowledgement().sequence(), 1U);
  EXPECT_THAT(Host().host().report_key(), HasSubstr("SHA256:"));
}

TEST_F(SessionTest, WhatWasIsToldOfAMomentAndOfAWindow) {
  const auto session = Session();
  Greet(session.get());
  const int64_t start = absl::ToUnixMicros(clock_.Now());
  constexpr int64_t kSecond = 1'000'000;
  v1::Report failed = RunReportOf(1, "file:/a", v1::STATE_FAILED);
  failed.mutable_run()->set_started_us(start + kSecond);
  v1::Report good = RunReportOf(2, "file:/a", v1::STATE_OK);
  good.mutable_run()->set_started_us(start + 3 * kSecond);
  session->Report("e1", {failed, good});
  ASSERT_TRUE(session->Next().has_acknowledgement());
  for (const int64_t after : {1, 2, 3}) {
    v1::ListHostsRequest request;
    request.set_filter("counts.failed > 0");
    request.set_at_us(start + after * kSecond);
    Call call;
    v1::ListHostsResponse response;
    ASSERT_OK(Of(FleetOf(admin())->ListHosts(&call, request, &response)));
    EXPECT_EQ(response.hosts_size(), after < 3 ? 1 : 0) << after;
  }
  v1::GetHostRequest then;
  then.set_name("web1");
  then.set_at_us(start + 2 * kSecond);
  Call host_call;
  v1::HostDetail detail;
  ASSERT_OK(Of(FleetOf(admin())->GetHost(&host_call, then, &detail)));
  ASSERT_EQ(detail.resources_size(), 1);
  EXPECT_EQ(detail.resources(0).state(), v1::STATE_FAILED);
  v1::HostHistoryRequest changes;
  changes.set_filter("web*");
  changes.set_since_us(start + 2 * kSecond);
  Call history_call;
  v1::HostHistoryResponse history;
  ASSERT_OK(Of(HistoryOf(admin())->HostHistory(&history_call, changes, &history)));
  ASSERT_EQ(history.spans_size(), 1);
  EXPECT_EQ(history.spans(0).host(), "web1");
  EXPECT_EQ(history.spans(0).state().state(), v1::STATE_OK);
  v1::RunsRequest early;
  early.set_filter("run.failed >= 0");
  early.set_until_us(start + 2 * kSecond);
  Call runs_call;
  v1::RunsResponse runs;
  ASSERT_OK(Of(HistoryOf(admin())->Runs(&runs_call, early, &runs)));
  EXPECT_EQ(runs.runs_size(), 1);
  early.set_filter("nope");
  Call nope_call;
  EXPECT_THAT(Of(HistoryOf(admin())->Runs(&nope_call, early, &runs)),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nope")));
  v1::DriftRequest drift_of;
  drift_of.set_filter("nope");
  v1::DriftResponse drift;
  Call drift_call;
  EXPECT_THAT(Of(HistoryOf(admin())->Drift(&drift_call, drift_of, &drift)),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nope")));
}

TEST_F(SessionTest, PackagesAreToldAskedForAnewWhenTheyDifferAndFound) {
  const auto session = Session();
  Greet(session.get());
  const resource::PackageSet one{{"bash", {"5.1", "amd64"}}};
  const resource::PackageSet two{{"bash", {"5.2", "amd64"}}, {"nano", {"7", "amd64"}}};
  const auto report = [&](uint64_t sequence, resource::PackageReport packages, absl::Time at) {
    packages.changed = at;
    v1::Report record;
    record.set_sequence(sequence);
    record.set_recorded_us(absl::ToUnixMicros(at));
    *record.mutable_packages() = wire::ToProto(packages);
    return record;
  };
  resource::PackageReport whole = resource::PackageChanges({}, one);
  whole.whole = true;
  resource::PackageReport change = resource::PackageChanges(one, two);
  change.transactions = {"apt-get upgrade, requested by ann (1000)"};
  change.entries[0].transaction = 1;
  const absl::Time start = clock_.Now() - absl::Hours(1);
  session->Report("e1", {report(1, whole, start), report(2, change, start + absl::Minutes(1))});
  ASSERT_TRUE(session->Next().has_acknowledgement());
  v1::PackagesRequest request;
  request.set_name("bash");
  Call now_call;
  v1::PackagesResponse now;
  ASSERT_OK(Of(HistoryOf(admin())->Packages(&now_call, request, &now)));
  ASSERT_EQ(now.packages_size(), 1);
  EXPECT_EQ(now.packages(0).version(), "5.2");
  ASSERT_EQ(now.counts_size(), 1);
  EXPECT_EQ(now.counts(0).hosts(), 1U);
  request.set_at_us(absl::ToUnixMicros(start + absl::Seconds(30)));
  Call then_call;
  v1::PackagesResponse then;
  ASSERT_OK(Of(HistoryOf(admin())->Packages(&then_call, request, &then)));
  ASSERT_EQ(then.packages_size(), 1);
  EXPECT_EQ(then.packages(0).version(), "5.1");
  v1::PackageChangesRequest asked;
  asked.set_filter("web*");
  Call changes_call;
  v1::PackageChangesResponse changes;
  ASSERT_OK(Of(HistoryOf(admin())->PackageChanges(&changes_call, asked, &changes)));
  ASSERT_EQ(changes.changes_size(), 2);
  asked.set_name("bash");
  Call bash_call;
  changes.Clear();
  ASSERT_OK(Of(HistoryOf(admin())->PackageChanges(&bash_call, asked, &changes)));
  ASSERT_EQ(changes.changes_size(), 1);
  EXPECT_EQ(changes.changes(0).from(), "5.1");
  EXPECT_EQ(changes.changes(0).transaction(), "apt-get upgrade, requested by ann (1000)");
  asked.set_name("'; DROP");
  Call bad_call;
  EXPECT_THAT(Of(HistoryOf(admin())->PackageChanges(&bad_call, asked, &changes)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no name of a package")));
  v1::AgentMessage beat;
  beat.mutable_heartbeat()->set_packages(wire::ToProto(resource::PackageDigest(one)));
  session->Send(beat);
  const v1::ServerMessage wish = session->Next();
  ASSERT_TRUE(wish.has_resync()) << wish.ShortDebugString();
  EXPECT_TRUE(wish.resync().packages());
}

TEST_F(SessionTest, WhatWasAcknowledgedIsThereAfterACrash) {
  {
    const auto session = Session();
    Greet(session.get());
    session->Report("e1", {RunReportOf(1, "file:/a", v1::STATE_FAILED)});
    ASSERT_EQ(session->Next().acknowledgement().sequence(), 1U);
    Crash();
  }
  const auto session = Session();
  EXPECT_EQ(Greet(session.get(), "e1", 2).acknowledged(), 1U);
  EXPECT_THAT(Runs(), SizeIs(1));
}

TEST_F(SessionTest, ARecordThatCannotBeReadIsPassedOverAndAudited) {
  {
    const auto session = Session();
    Greet(session.get());
    v1::Report future;
    future.set_sequence(1);
    v1::Report unspecified = RunReportOf(2, "file:/a", v1::STATE_OK);
    unspecified.mutable_run()->mutable_resources(0)->set_state(v1::STATE_UNSPECIFIED);
    session->Report("e1", {future, unspecified});
    EXPECT_EQ(session->Next().acknowledgement().sequence(), 2U);
  }
  EXPECT_THAT(AuditLog(), AllOf(Contains(HasSubstr("record 1")), Contains(HasSubstr("record 2"))));
}

TEST_F(SessionTest, AHostWhoseStatesAreNotWhatIsStoredIsAskedForAllOncePerMinute) {
  const auto session = Session();
  Greet(session.get());
  session->Report("e1", {RunReportOf(1, "file:/a", v1::STATE_FAILED)});
  EXPECT_TRUE(session->Next().has_acknowledgement());
  const std::string catalog(Sha256("catalog").Raw());
  const std::string agreed =
      Host().host().counts().failed() == 1
          ? std::string(resource::StateDigest({{"file:/a", resource::State::kFailed}}).Raw())
          : "";
  const std::string other(Sha256("other").Raw());
  session->Heartbeat(agreed, catalog, 0);  // Says what is stored: no answer.
  session->Heartbeat(other, catalog, 3);   // Reports are on their way: no answer.
  session->Heartbeat(other, catalog, 0);
  EXPECT_TRUE(session->Next().has_resync());
  session->Heartbeat(other, catalog, 0);  // Within the minute: no answer.
  session->Report("e1", {RunReportOf(2, "file:/a", v1::STATE_FAILED)});
  EXPECT_TRUE(session->Next().has_acknowledgement());
  clock_.Advance(absl::Seconds(61));
  session->Heartbeat(other, catalog, 0);
  EXPECT_TRUE(session->Next().has_resync());
}

TEST_F(SessionTest, ARunWhoseStatesTheServerCannotKnowIsFollowedByAResync) {
  const auto session = Session();
  Greet(session.get());
  v1::Report report = RunReportOf(1, "file:/a", v1::STATE_FAILED);
  report.mutable_run()->set_states(std::string(Sha256("of more than was listed").Raw()));
  session->Report("e1", {report});
  EXPECT_TRUE(session->Next().has_acknowledgement());
  EXPECT_TRUE(session->Next().has_resync());
}

TEST_F(SessionTest, ARevokedHostsStreamEndsAtOnceAndItStaysOut) {
  const auto session = Session();
  Greet(session.get());
  ASSERT_OK(RevokeHost());
  EXPECT_THAT(session->Ended(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("revoked")));
  const auto again = Session();
  again->Hello();
  EXPECT_THAT(again->Ended(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(Host().host().presence(), v1::PRESENCE_REVOKED);
}

TEST_F(SessionTest, TwoHostsWithOneKeyAreNoticed) {
  const auto first = Session("machine-web1");
  Greet(first.get());
  const auto clone = Session("machine-of-the-clone");
  clone->Hello();
  EXPECT_THAT(
      clone->Ended(),
      StatusIs(absl::StatusCode::kAlreadyExists,
               AllOf(HasSubstr("two hosts with one key"), HasSubstr("machine-of-the-clone"))));
  Publish("-- one", "production");
  EXPECT_EQ(first->Next().assignment().revision(), "r1");  // The first is not disturbed.
}

TEST_F(SessionTest, TheSameMachineTakesItsOwnPlace) {
  const auto first = Session();
  Greet(first.get());
  const auto second = Session();
  Greet(second.get());
  EXPECT_THAT(first->Ended(), StatusIs(absl::StatusCode::kAborted, HasSubstr("newer session")));
  Publish("-- one", "production");
  EXPECT_EQ(second->Next().assignment().revision(), "r1");
}

TEST_F(SessionTest, ASequenceThatGoesBackIsAuditedAndAnsweredSoThatTheHostBeginsAnew) {
  {
    const auto session = Session();
    Greet(session.get());
    session->Report("e1", {RunReportOf(7, "file:/a", v1::STATE_OK)});
    EXPECT_EQ(session->Next().acknowledgement().sequence(), 7U);
  }
  {
    const auto restored = Session();
    const v1::HelloAck ack = Greet(restored.get(), "e1", 3);
    EXPECT_GE(ack.acknowledged(), 3U);
  }
  EXPECT_THAT(AuditLog(), Contains(HasSubstr("host/web1: restored or cloned")));
}

TEST_F(SessionTest, ARunIsAskedForWhereSomebodyIsConnected) {
  EnrolledHost("web2");
  const auto session = Session();
  Greet(session.get());
  v1::RequestRunRequest request;
  request.set_filter("web*");
  request.set_reason("because");
  Call call;
  v1::RequestRunResponse response;
  ASSERT_OK(Of(FleetOf(admin())->RequestRun(&call, request, &response)));
  EXPECT_EQ(response.asked(), 1U);
  EXPECT_THAT(response.not_connected(), ::testing::ElementsAre("web2"));
  EXPECT_EQ(session->Next().run().reason(), "because");
}

TEST_F(SessionTest, WhatCannotBeWrittenDownIsNotAskedOfHosts) {
  const auto session = Session();
  Greet(session.get());
  server::RunSql(
      config_.DatabasePath(),
      "CREATE TRIGGER full BEFORE INSERT ON acts BEGIN SELECT RAISE(ABORT, 'no room'); END");
  const auto fleet = FleetOf(admin());
  {
    v1::RequestRunRequest request;
    request.set_filter("web1");
    Call call;
    v1::RequestRunResponse response;
    EXPECT_THAT(Of(fleet->RequestRun(&call, request, &response)).message(), HasSubstr("no room"));
  }
  {
    v1::PauseRequest request;
    request.set_filter("web1");
    request.set_seconds(60);
    request.set_reason("work");
    Call call;
    v1::PauseResponse response;
    EXPECT_THAT(Of(fleet->Pause(&call, request, &response)).message(), HasSubstr("no room"));
  }
  {
    v1::ApplyPlanRequest request;
    request.set_host("web1");
    request.set_plan("3f0c");
    Call call;
    const auto answers = fleet->ApplyPlan(&call, request);
    EXPECT_THAT(Of(answers->Finish()).message(), HasSubstr("no room"));
  }
  server::RunSql(config_.DatabasePath(), "DROP TRIGGER full");
  v1::RequestRunRequest request;
  request.set_filter("web1");
  request.set_reason("the first that reaches it");
  Call call;
  v1::RequestRunResponse response;
  ASSERT_OK(Of(fleet->RequestRun(&call, request, &response)));
  EXPECT_EQ(session->Next().run().reason(), "the first that reaches it");
}

TEST_F(SessionTest, APlanIsAskedForAndEachHostGivesOneLastAnswer) {
  EnrolledHost("web2");
  Publish("-- one", "production");
  const v1::Revision second = Publish("-- two");
  const auto session = Session();
  Greet(session.get());
  ASSERT_EQ(session->Next().assignment().revision(), "r1");
  v1::PlanHostsRequest request;
  request.set_filter("web*");
  request.set_revision("r2");
  Call call;
  const auto fleet = FleetOf(admin());
  const auto answers = fleet->PlanHosts(&call, request);
  const v1::ServerMessage asked = session->Next();
  ASSERT_TRUE(asked.has_task()) << asked.ShortDebugString();
  EXPECT_EQ(asked.task().plan().revision().revision_id(), second.id());
  EXPECT_EQ(asked.task().plan().revision().channel(), "production");
  v1::AgentMessage said;
  said.mutable_answer()->set_id("of nothing that was asked");
  said.mutable_answer()->set_error("dropped");
  session->Send(said);
  said.mutable_answer()->set_id(asked.task().id());
  said.mutable_answer()->mutable_plan()->set_id("3f0c");
  session->Send(said);
  std::map<std::string, v1::HostAnswer> last;
  v1::HostAnswer answer;
  while (answers->Read(&answer)) {
    last[answer.host()] = answer;
  }
  ASSERT_OK(Of(answers->Finish()));
  EXPECT_THAT(last["web2"].error(), HasSubstr("not connected"));
  EXPECT_EQ(last["web1"].plan().id(), "3f0c");
  EXPECT_THAT(AuditLog(), Contains(HasSubstr("plan: 1 of 2 hosts, r2")));
}

TEST_F(SessionTest, WhoWaitsForAPlanToBeCarriedOutLearnsThatTheHostIsGone) {
  Publish("-- one", "production");
  auto session = Session();
  Greet(session.get());
  ASSERT_TRUE(session->Next().has_assignment());
  v1::ApplyPlanRequest request;
  request.set_host("web1");
  request.set_plan("3f0c");
  Call call;
  const auto fleet = FleetOf(admin());
  const auto answers = fleet->ApplyPlan(&call, request);
  EXPECT_EQ(session->Next().task().apply_plan().plan(), "3f0c");
  session.reset();
  v1::HostAnswer answer;
  ASSERT_TRUE(answers->Read(&answer));
  EXPECT_THAT(answer.error(), HasSubstr("disconnected"));
  EXPECT_FALSE(answers->Read(&answer));
  ASSERT_OK(Of(answers->Finish()));
}

TEST_F(SessionTest, OnlyWhoMayAskForRunsMayAskForPlans) {
  const auto viewer = FleetOf(EnrolledUser("vic", "viewer"));
  v1::HostAnswer answer;
  Call plan;
  const auto planned = viewer->PlanHosts(&plan, {});
  EXPECT_FALSE(planned->Read(&answer));
  EXPECT_THAT(Of(planned->Finish()), StatusIs(absl::StatusCode::kPermissionDenied));
  Call apply;
  const auto applied = viewer->ApplyPlan(&apply, {});
  EXPECT_FALSE(applied->Read(&answer));
  EXPECT_THAT(Of(applied->Finish()), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(SessionTest, AStoppingServerSaysFarewell) {
  const auto session = Session();
  Greet(session.get());
  server().Shutdown();
  const v1::ServerMessage farewell = session->Next();
  EXPECT_EQ(farewell.drain().reconnect_window_seconds(), 5U);
  EXPECT_THAT(session->Ended(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("stopping")));
}

TEST_F(SessionTest, AHostThatIsNotHeardOfForThreeHeartbeatsIsSilent) {
  EXPECT_EQ(Host().host().presence(), v1::PRESENCE_NEVER_SEEN);
  const auto session = Session();
  Greet(session.get());
  EXPECT_EQ(Host().host().presence(), v1::PRESENCE_CONNECTED);
  clock_.Advance(absl::Seconds(181));
  EXPECT_EQ(Host().host().presence(), v1::PRESENCE_SILENT);
}

TEST_F(SessionTest, ASessionEndsWithItsCertificate) {
  const auto session = Session();
  Greet(session.get());
  clock_.Advance(absl::Hours(73));
  ASSERT_OK(server().Housekeep());
  EXPECT_THAT(session->Ended(), StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("expired")));
}

}  // namespace
}  // namespace fettle::testing
