// SPDX-License-Identifier: Apache-2.0
// What every store promises of reports: exactly once, spans, drift, counts that equal their lists.
#include <random>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"

#include "lib/base/background_thread.h"
#include "tests/server/store_fixture.h"

namespace fettle::server {
namespace {

using ::fettle::testing::IsOkAndHolds;
using ::fettle::testing::StatusIs;
using resource::Cause;
using resource::State;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ReportStoreTest : public StoreTest {
 protected:
  ReportStoreTest() { MakeHost("web1"); }

  std::vector<SpanRecord> History(const std::string& id) {
    auto spans = store().reports().HistoryOf("web1", id, absl::InfinitePast(), 100);
    EXPECT_TRUE(spans.ok()) << spans.status();
    return spans.ok() ? *spans : std::vector<SpanRecord>();
  }

  std::vector<DriftEntry> DriftSince(absl::Time since) {
    auto entries = store().reports().Drift(since, 100);
    EXPECT_TRUE(entries.ok()) << entries.status();
    return entries.ok() ? *entries : std::vector<DriftEntry>();
  }

  std::vector<DriftEntry> OpenDrift() { return DriftSince(absl::InfiniteFuture()); }

  HostRecord Host() {
    auto host = store().fleet().GetHost("web1");
    EXPECT_TRUE(host.ok()) << host.status();
    return host.ok() ? *host : HostRecord();
  }
};

TEST_F(ReportStoreTest, WhatFollowsReportsThatAreNotHereIsSentAgain) {
  const auto send = [&](uint64_t after, uint64_t sequence) {
    SignedReports batch{
        "batch", Sha256("batch"), after, std::string(32, 'k'), std::string(64, 's')};
    absl::Notification done;
    absl::StatusOr<uint64_t> answer;
    store().reports().Ingest(
        "web1", "e9", {Run(sequence, {})}, batch, [&](absl::StatusOr<uint64_t> stored) {
          answer = std::move(stored);
          done.Notify();
        });
    done.WaitForNotification();
    return answer;
  };
  EXPECT_THAT(send(5, 6), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(send(0, 5), IsOkAndHolds(5U));
  EXPECT_THAT(send(5, 6), IsOkAndHolds(6U));
  EXPECT_THAT(send(5, 7), IsOkAndHolds(7U));
}

TEST_F(ReportStoreTest, ABatchSentTwiceCountsOnce) {
  const auto batch = [&] {
    return std::vector<server::Ingest>{
        Run(1, {Resource("file:/a", State::kChanged, Cause::kDrift)}), Run(2, {})};
  };
  EXPECT_THAT(Ingest("web1", "e1", batch()), IsOkAndHolds(2U));
  EXPECT_THAT(Ingest("web1", "e1", batch()), IsOkAndHolds(2U));
  EXPECT_THAT(store().reports().Runs("web1", absl::InfinitePast(), 100), IsOkAndHolds(SizeIs(2)));
  EXPECT_THAT(DriftSince(absl::InfinitePast()), SizeIs(1));
  EXPECT_THAT(History("file:/a"), SizeIs(2));
}

TEST_F(ReportStoreTest, WhoMadeADriftIsKeptWithIt) {
  resource::ResourceReport report = Resource("file:/a", State::kChanged, Cause::kDrift);
  report.actor.emplace().command = "vim /a";
  report.contended = "put right 5 times";
  ASSERT_OK(Ingest("web1", "e1", {Run(1, {report})}));
  const auto drift = DriftSince(absl::InfinitePast());
  ASSERT_THAT(drift, SizeIs(1));
  ASSERT_TRUE(drift[0].report.actor.has_value());
  EXPECT_EQ(drift[0].report.actor->command, "vim /a");
  EXPECT_EQ(drift[0].report.contended, "put right 5 times");
}

TEST_F(ReportStoreTest, HowResourcesAreWatchedShowsWithTheirStates) {
  ASSERT_OK(Ingest("web1", "e1", {Run(1, {Resource("file:/a", State::kFailed, Cause::kNone)})}));
  server::Ingest coverage;
  coverage.sequence = 2;
  coverage.body = CoverageReport{
      {{"file:/a", {resource::Watching::kPoll, absl::Minutes(5), "watches ran out"}}}};
  ASSERT_OK(Ingest("web1", "e1", {coverage}));
  const auto states = store().reports().StatesOf("web1");
  ASSERT_OK(states);
  ASSERT_THAT(*states, SizeIs(1));
  EXPECT_EQ(states->front().coverage.watching, resource::Watching::kPoll);
  EXPECT_EQ(states->front().coverage.worst, absl::Minutes(5));
  EXPECT_EQ(states->front().coverage.why, "watches ran out");
}

TEST_F(ReportStoreTest, APauseShowsAndEnds) {
  const absl::Time until = absl::FromUnixSeconds(1'800'000'000);
  server::Ingest pause;
  pause.sequence = 1;
  pause.body = PauseReport{until, "a leak"};
  ASSERT_OK(Ingest("web1", "e1", {pause}));
  EXPECT_EQ(Host().paused_until, until);
  EXPECT_EQ(Host().pause_reason, "a leak");
  pause.sequence = 2;
  pause.body = PauseReport{};
  ASSERT_OK(Ingest("web1", "e1", {pause}));
  EXPECT_EQ(Host().paused_until, absl::InfinitePast());
}

TEST_F(ReportStoreTest, WhatIsBlockedAndWhatWasPutBackAreCountedOnTheirOwn) {
  ASSERT_OK(Ingest("web1",
                   "e1",
                   {Run(1,
                        {Resource("package:a", State::kBlocked, Cause::kDrift),
                         Resource("file:/b", State::kReverted),
                         Resource("file:/c", State::kSkipped)})}));
  EXPECT_EQ(Host().counts.blocked, 1);
  EXPECT_EQ(Host().counts.reverted, 1);
  ExpectCountsEqualRows("web1");
  EXPECT_EQ(OpenDrift()[0].outcome, DriftOutcome::kOpen);
  ASSERT_OK(Ingest("web1", "e1", {Run(2, {})}));
  EXPECT_EQ(Host().counts.blocked, 0);
  EXPECT_EQ(Host().counts.ok, 3);
  ExpectCountsEqualRows("web1");
}

TEST_F(ReportStoreTest, AnOverlappingBatchAddsOnlyWhatIsNew) {
  ASSERT_OK(Ingest("web1", "e1", {Run(1, {}), Run(2, {})}));
  EXPECT_THAT(Ingest("web1", "e1", {Run(3, {}), Run(2, {})}), IsOkAndHolds(3U));
  EXPECT_THAT(store().reports().Runs("web1", absl::InfinitePast(), 100), IsOkAndHolds(SizeIs(3)));
}

TEST_F(ReportStoreTest, EachEpochCountsForItself) {
  ASSERT_OK(Ingest("web1", "e1", {Run(5, {})}));
  EXPECT_THAT(store().reports().Acknowledged("web1", "e1"), IsOkAndHolds(5U));
  EXPECT_THAT(store().reports().Acknowledged("web1", "e2"), IsOkAndHolds(0U));
  EXPECT_THAT(Ingest("web1", "e2", {Run(1, {})}), IsOkAndHolds(1U));
  EXPECT_THAT(store().reports().Acknowledged("web1", "e1"), IsOkAndHolds(5U));
}

TEST_F(ReportStoreTest, AnEmptyBatchAnswersWhatIsStored) {
  ASSERT_OK(Ingest("web1", "e1", {Run(4, {})}));
  EXPECT_THAT(Ingest("web1", "e1", {}), IsOkAndHolds(4U));
}

TEST_F(ReportStoreTest, WhatWasAcknowledgedSurvivesACrash) {
  ASSERT_OK(Ingest("web1", "e1", {Run(1, {Resource("file:/a", State::kFailed)})}));
  Crash();
  EXPECT_THAT(store().reports().Acknowledged("web1", "e1"), IsOkAndHolds(1U));
  EXPECT_EQ(Host().counts.failed, 1);
  ExpectCountsEqualRows("web1");
  EXPECT_THAT(Ingest("web1", "e1", {Run(1, {}), Run(2, {})}), IsOkAndHolds(2U));
}

TEST_F(ReportStoreTest, AStateIsASpanFromChangeToChange) {
  ASSERT_OK(Ingest("web1", "e1", {Run(1, {Resource("file:/a", State::kFailed)})}));
  ASSERT_OK(Ingest("web1", "e1", {Run(2, {Resource("file:/a", State::kFailed)})}));
  ASSERT_OK(Ingest("web1", "e1", {Run(3, {})}));
  const auto spans = History("file:/a");
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_EQ(spans[0].state.report.state, State::kOk);
  EXPECT_EQ(spans[0].state.since, At(3));
  EXPECT_EQ(spans[0].to, absl::InfiniteFuture());
  EXPECT_EQ(spans[1].state.report.state, State::kFailed);
  EXPECT_EQ(spans[1].state.since, At(1));
  EXPECT_EQ(spans[1].to, At(3));
}

TEST_F(ReportStoreTest, SilenceStoresNoSpans) {
  ASSERT_OK(Ingest("web1", "e1", {SnapshotOf(1, {{"file:/a", State::kOk}})}));
  for (uint64_t i = 2; i < 30; ++i) {
    ASSERT_OK(Ingest("web1", "e1", {Run(i, {})}));
  }
  EXPECT_THAT(History("file:/a"), SizeIs(1));
}

TEST_F(ReportStoreTest, DriftPutRightIsRecordedAndClosedAtOnce) {
  ASSERT_OK(Ingest("web1", "e1", {Run(1, {Resource("file:/a", State::kChanged, Cause::kDrift)})}));
  EXPECT_THAT(OpenDrift(), IsEmpty());
  const auto all = DriftSince(At(0));
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].outcome, DriftOutcome::kCorrected);
  EXPECT_EQ(all[0].host, "web1");
  EXPECT_EQ(all[0].report.id, "file:/a");
  EXPECT_THAT(all[0].report.differences, SizeIs(1));
  EXPECT_EQ(all[0].seen, At(1));
  EXPECT_EQ(all[0].stored, clock_.Now());
  EXPECT_EQ(Host().counts.ok, 1);
  ExpectCountsEqualRows("web1");
}

TEST_F(ReportStoreTest, AChangeThatWasMeantIsNoDrift) {
  ASSERT_OK(
      Ingest("web1", "e1", {Run(1, {Resource("file:/a", State::kChanged, Cause::kIntended)})}));
  EXPECT_THAT(DriftSince(At(0)), IsEmpty());
  EXPECT_THAT(History("file:/a"), SizeIs(2));  // What was off for an instant, and that it is right.
}

TEST_F(ReportStoreTest, DriftLeftAloneStaysOpenUntilItIsGone) {
  const auto drifted = Resource("file:/a", State::kDrifted, Cause::kDrift);
  ASSERT_OK(Ingest("web1", "e1", {Run(1, {drifted})}));
  ASSERT_OK(Ingest("web1", "e1", {Run(2, {drifted})}));
  ASSERT_THAT(OpenDrift(), SizeIs(1));
  EXPECT_EQ(OpenDrift()[0].outcome, DriftOutcome::kOpen);
  EXPECT_EQ(OpenDrift()[0].seen, At(1));
  EXPECT_EQ(Host().open_drift, 1U);
  ExpectCountsEqualRows("web1");
  ASSERT_OK(Ingest("web1", "e1", {Run(3, {})}));
  EXPECT_THAT(OpenDrift(), IsEmpty());
  const auto all = DriftSince(At(0));
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].outcome, DriftOutcome::kEnded);
  EXPECT_EQ(all[0].ended, At(3));
  ExpectCountsEqualRows("web1");
}

TEST_F(ReportStoreTest, DriftThatCouldNotBePutRightIsFailedUntilCorrected) {
  ASSERT_OK(Ingest("web1", "e1", {Run(1, {Resource("file:/a", State::kFailed, Cause::kDrift)})}));
  ASSERT_THAT(OpenDrift(), SizeIs(1));
  EXPECT_EQ(OpenDrift()[0].outcome, DriftOutcome::kFailed);
  ASSERT_OK(Ingest("web1", "e1", {Run(2, {Resource("file:/a", State::kChanged, Cause::kDrift)})}));
  EXPECT_THAT(OpenDrift(), IsEmpty());
  EXPECT_EQ(DriftSince(At(0))[0].outcome, DriftOutcome::kCorrected);
  ExpectCountsEqualRows("web1");
}

TEST_F(ReportStoreTest, APartialRunSaysNothingOfTheRest) {
  ASSERT_OK(Ingest("web1", "e1", {Run(1, {Resource("file:/a", State::kFailed)})}));
  server::Ingest partial = Run(2, {Resource("file:/b", State::kOk)});
  std::get<resource::RunReport>(partial.body).partial = true;
  ASSERT_OK(Ingest("web1", "e1", {partial}));
  EXPECT_EQ(Host().counts.failed, 1);
  EXPECT_EQ(Host().counts.ok, 1);
  ExpectCountsEqualRows("web1");
}

TEST_F(ReportStoreTest, ARunThatCouldNotBeDoneKeepsStatesAndSaysWhy) {
  ASSERT_OK(Ingest("web1", "e1", {SnapshotOf(1, {{"file:/a", State::kOk}})}));
  server::Ingest failed = Run(2, {});
  std::get<resource::RunReport>(failed.body).error = "fleet.lua:3: no";
  ASSERT_OK(Ingest("web1", "e1", {failed}));
  EXPECT_EQ(Host().last_run_error, "fleet.lua:3: no");
  EXPECT_EQ(Host().counts.ok, 1);
}

TEST_F(ReportStoreTest, ASnapshotIsTheWholeTruth) {
  ASSERT_OK(Ingest("web1",
                   "e1",
                   {Run(1,
                        {Resource("file:/gone", State::kDrifted, Cause::kDrift),
                         Resource("file:/healed", State::kDrifted, Cause::kDrift)}),
                    SnapshotOf(2, {{"file:/healed", State::kOk}, {"file:/new", State::kFailed}})}));
  ASSERT_OK_AND_ASSIGN(const auto states, store().reports().StatesOf("web1"));
  ASSERT_THAT(states, SizeIs(2));
  EXPECT_EQ(states[0].report.id, "file:/healed");
  EXPECT_EQ(states[0].report.position, "recipes/file:/healed:1");
  EXPECT_THAT(states[0].report.controls, ElementsAre("CIS 1.1"));
  EXPECT_EQ(states[1].report.state, State::kFailed);
  EXPECT_THAT(OpenDrift(), IsEmpty());
  EXPECT_EQ(Host().catalog, Sha256("catalog"));
  ExpectCountsEqualRows("web1");
}

TEST_F(ReportStoreTest, ARunAtARevisionIsWhatTheHostEnforces) {
  const RevisionRecord revision = AddRevision("one");
  ASSERT_OK(Ingest("web1", "e1", {Run(1, {})}));
  EXPECT_EQ(Host().revision, "r1");
  EXPECT_EQ(Host().revision_id, revision.id);
  server::Ingest local = Run(2, {});
  std::get<resource::RunReport>(local.body).revision = "";
  ASSERT_OK(Ingest("web1", "e1", {local}));
  EXPECT_EQ(Host().revision, "r1");
}

TEST_F(ReportStoreTest, FactsAndRefusalsAreKeptWithTheHost) {
  ASSERT_OK(Ingest("web1",
                   "e1",
                   {{1, At(1), FactsJson{R"({"os":{"id":"debian","version":"12"}})"}},
                    {2, At(2), Refusal{"r9", Sha256("r9"), "signed by a stranger"}}}));
  EXPECT_THAT(store().reports().FactsOf("web1"), IsOkAndHolds(::testing::HasSubstr("debian")));
  EXPECT_EQ(Host().os, "debian 12");
  EXPECT_EQ(Host().refusal, "r9: signed by a stranger");
}

TEST_F(ReportStoreTest, AnUnreadableRecordIsAuditedAndCountsAsReceived) {
  EXPECT_THAT(Ingest("web1", "e1", {{1, At(1), Unreadable{"a kind from the future"}}, Run(2, {})}),
              IsOkAndHolds(2U));
  ASSERT_OK_AND_ASSIGN(const auto log, store().reports().AuditLog(absl::InfinitePast(), 10));
  ASSERT_THAT(log, SizeIs(1));
  EXPECT_EQ(log[0].who, "host/web1");
  EXPECT_EQ(log[0].detail, "record 1: a kind from the future");
}

TEST_F(ReportStoreTest, HistoryCrossesMonthsNewestFirst) {
  const uint64_t month = 60 * 24 * 31;
  for (uint64_t i = 1; i <= 4; ++i) {
    const State state = i % 2 == 0 ? State::kOk : State::kFailed;
    ASSERT_OK(Ingest("web1", "e1", {Run(i * month, {Resource("file:/a", state)})}));
  }
  const auto spans = History("file:/a");
  ASSERT_THAT(spans, SizeIs(4));
  EXPECT_EQ(spans[0].state.since, At(4 * month));
  EXPECT_EQ(spans[3].state.since, At(month));
  ASSERT_OK_AND_ASSIGN(const auto late,
                       store().reports().HistoryOf("web1", "file:/a", At(3 * month), 100));
  EXPECT_THAT(late, SizeIs(3));  // Those that ended since then, and the one that is.
  ASSERT_OK_AND_ASSIGN(const auto runs, store().reports().Runs("", At(2 * month), 2));
  ASSERT_THAT(runs, SizeIs(2));
  EXPECT_EQ(runs[0].started, At(4 * month));
}

TEST_F(ReportStoreTest, MonthsOlderThanIsKeptAreDroppedAndThePresentStays) {
  const uint64_t month = 60 * 24 * 31;
  for (uint64_t i = 1; i <= 4; ++i) {
    const State state = i % 2 == 0 ? State::kOk : State::kFailed;
    ASSERT_OK(Ingest("web1", "e1", {Run(i * month, {Resource("file:/a", state)})}));
  }
  clock_.Advance(absl::Minutes(5 * month));
  Reopen(absl::Hours(24 * 365));
  EXPECT_THAT(History("file:/a"), SizeIs(4)) << "nothing is that old";
  Reopen(absl::Minutes(month + month / 2));
  const auto spans = History("file:/a");
  ASSERT_THAT(spans, SizeIs(3)) << "what ended in the last months, and what is";
  EXPECT_EQ(spans[0].to, absl::InfiniteFuture());
  ASSERT_OK_AND_ASSIGN(const auto runs, store().reports().Runs("", absl::InfinitePast(), 100));
  ASSERT_THAT(runs, SizeIs(2));
  ExpectCountsEqualRows("web1");
  ASSERT_OK_AND_ASSIGN(const auto log, store().reports().AuditLog(absl::InfinitePast(), 1));
  ASSERT_THAT(log, SizeIs(1));
  EXPECT_EQ(log[0].act, "forget");
}

TEST_F(ReportStoreTest, AHostThatWasAwayLongerThanIsKeptCanStillReport) {
  clock_.Advance(absl::Hours(24 * 365));
  Reopen(absl::Hours(24 * 60));
  EXPECT_THAT(Ingest("web1", "e1", {Run(1, {Resource("file:/a", State::kFailed)}), Run(2, {})}),
              IsOkAndHolds(2U));
  Reopen(absl::Hours(24 * 60));
  EXPECT_THAT(Ingest("web1", "e1", {Run(3, {Resource("file:/a", State::kFailed)}), Run(4, {})}),
              IsOkAndHolds(4U));
  ExpectCountsEqualRows("web1");
}

TEST_F(ReportStoreTest, ConcurrentHostsAreEachStoredOnce) {
  constexpr int kHosts = 8;
  constexpr uint64_t kBatches = 25;
  for (int i = 0; i < kHosts; ++i) {
    MakeHost("h" + std::to_string(i));
  }
  absl::BlockingCounter answers(static_cast<int>(kHosts * kBatches * 2));
  {
    std::vector<std::unique_ptr<BackgroundThread>> writers;
    for (int i = 0; i < kHosts; ++i) {
      writers.push_back(std::make_unique<BackgroundThread>([&, i] {
        for (uint64_t n = 1; n <= kBatches; ++n) {
          for (int copy = 0; copy < 2; ++copy) {
            store().reports().Ingest("h" + std::to_string(i),
                                     "e",
                                     {Run(n, {Resource("file:/a", State::kFailed)})},
                                     {"batch", Sha256("batch"), 0, "", ""},
                                     [&](const absl::StatusOr<uint64_t>& stored) {
                                       EXPECT_TRUE(stored.ok()) << stored.status();
                                       answers.DecrementCount();
                                     });
          }
        }
      }));
    }
  }
  answers.Wait();
  for (int i = 0; i < kHosts; ++i) {
    const std::string host = "h" + std::to_string(i);
    EXPECT_THAT(store().reports().Runs(host, absl::InfinitePast(), 1000),
                IsOkAndHolds(SizeIs(kBatches)));
    EXPECT_THAT(store().reports().Acknowledged(host, "e"), IsOkAndHolds(kBatches));
    ExpectCountsEqualRows(host);
  }
}

TEST_F(ReportStoreTest, CountsEqualRowsAfterAnyHistory) {
  std::mt19937 random(20261122);  // NOLINT(cert-msc51-cpp): the same history each time.
  const std::vector<std::string> ids = {"file:/a", "file:/b", "package:c", "service:d"};
  const std::vector<State> states = {State::kOk,
                                     State::kUnknown,
                                     State::kSkipped,
                                     State::kChanged,
                                     State::kDrifted,
                                     State::kFailed};
  for (uint64_t n = 1; n <= 120; ++n) {
    std::vector<resource::ResourceReport> resources;
    std::vector<std::pair<std::string, State>> entries;
    for (const std::string& id : ids) {
      const State state = states[random() % states.size()];
      const Cause cause = random() % 2 == 0 ? Cause::kDrift : Cause::kNone;
      if (random() % 2 == 0) {
        resources.push_back(Resource(id, state, cause));
        entries.emplace_back(id, state);
      }
    }
    server::Ingest record = random() % 4 == 0 ? SnapshotOf(n, entries) : Run(n, resources);
    if (auto* run = std::get_if<resource::RunReport>(&record.body)) {
      run->partial = random() % 2 == 0;
    }
    ASSERT_THAT(Ingest("web1", "e1", {record}), IsOkAndHolds(n));
    ExpectCountsEqualRows("web1");
  }
}

TEST_F(ReportStoreTest, TheAuditLogIsNewestFirst) {
  ASSERT_OK(store().reports().Audit({At(1), "user/ann", "publish", "r1"}));
  ASSERT_OK(store().reports().Audit({At(2), "user/bob", "revoke", "host web1"}));
  ASSERT_OK_AND_ASSIGN(const auto log, store().reports().AuditLog(At(0), 10));
  ASSERT_THAT(log, SizeIs(2));
  EXPECT_EQ(log[0].who, "user/bob");
  EXPECT_EQ(log[1].act, "publish");
  EXPECT_THAT(store().reports().AuditLog(At(2), 10), IsOkAndHolds(SizeIs(1)));
}

}  // namespace
}  // namespace fettle::server
