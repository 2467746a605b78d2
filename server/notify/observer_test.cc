// SPDX-License-Identifier: Apache-2.0
#include "server/notify/observer.h"

#include <memory>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/digest/digest.h"
#include "tests/server/store_fixture.h"

namespace fettle::server::notify {
namespace {

using resource::Cause;
using resource::State;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::Duration kHeartbeat = absl::Minutes(1);

class ObserverTest : public StoreTest {
 protected:
  ObserverTest() { Begin(); }

  // As a server that starts now.
  void Begin(absl::Time cursor = absl::InfiniteFuture()) {
    Observer::Options options;
    options.heartbeat = kHeartbeat;
    options.host_certificate = absl::Hours(72);
    options.endings = [this] { return endings_; };
    observer_ = std::make_unique<Observer>(store(), clock_, options, cursor);
  }

  Observation Look(bool told = false) {
    auto seen = observer_->Observe([told](const Key&) { return told; });
    EXPECT_OK(seen);
    return seen.ok() ? *std::move(seen) : Observation();
  }

  // "kind host subject" of what stands, sorted; certificates of hosts apart.
  static std::vector<std::string> Names(const Observation& seen) {
    std::vector<std::string> names;
    for (const auto& [key, notice] : seen.standing) {
      names.push_back(fmt::format("{} {} {}", KindName(key.kind), key.host, key.subject));
    }
    return names;
  }

  void Report(const std::string& host, State state, Cause cause = Cause::kNone) {
    ++sequence_;
    ASSERT_OK(Ingest(host, "e1", {Run(sequence_, {Resource("file:/a", state, cause)})}));
  }

  // Makes a revision with this one file, that the host enforces.
  void Heard(const std::string& host) { store().fleet().NoteSeen(host, clock_.Now()); }

  uint64_t sequence_ = 0;
  std::vector<Ending> endings_;
  std::unique_ptr<Observer> observer_;
};

TEST_F(ObserverTest, AFleetAtRestIsNoNews) {
  MakeHost("a");
  Heard("a");
  Report("a", State::kOk);
  EXPECT_THAT(Names(Look()), IsEmpty());
}

TEST_F(ObserverTest, AFailureStandsUntilItIsOver) {
  MakeHost("a");
  Heard("a");
  Report("a", State::kFailed);
  const Observation seen = Look();
  EXPECT_THAT(Names(seen), ElementsAre("failure a file:/a"));
  EXPECT_EQ(seen.standing.begin()->second.severity, Severity::kCritical);
  EXPECT_THAT(Names(Look()), ElementsAre("failure a file:/a"));
  Report("a", State::kOk);
  EXPECT_THAT(Names(Look()), IsEmpty());
}

TEST_F(ObserverTest, WhatWasPutBackStands) {
  MakeHost("a");
  Heard("a");
  Report("a", State::kReverted);
  EXPECT_THAT(Names(Look()), ElementsAre("reverted a file:/a"));
}

TEST_F(ObserverTest, DriftThatIsLeftAloneStands) {
  MakeHost("a");
  Heard("a");
  Report("a", State::kDrifted, Cause::kDrift);
  EXPECT_THAT(Names(Look()), ElementsAre("drift a file:/a"));
  Report("a", State::kOk);
  const Observation over = Look();
  EXPECT_THAT(Names(over), IsEmpty());
  EXPECT_EQ(over.passed.size(), 1U);  // Whoever was told of it passes it over.
}

TEST_F(ObserverTest, DriftThatWasPutRightPassesOnce) {
  MakeHost("a");
  Heard("a");
  Look();
  Report("a", State::kChanged, Cause::kDrift);
  const Observation seen = Look();
  EXPECT_THAT(Names(seen), IsEmpty());
  ASSERT_EQ(seen.passed.size(), 1U);
  EXPECT_EQ(seen.passed[0].key, (Key{Kind::kDrift, "a", "file:/a"}));
  EXPECT_THAT(Look().passed, IsEmpty());
  clock_.Advance(absl::Minutes(1));
  Report("a", State::kChanged, Cause::kDrift);
  EXPECT_EQ(Look().passed.size(), 1U);
}

TEST_F(ObserverTest, WhatCameWhileNoServerLookedIsToldByTheNext) {
  MakeHost("a");
  Heard("a");
  clock_.Advance(absl::Seconds(1));
  Report("a", State::kChanged, Cause::kDrift);
  EXPECT_EQ(Look().passed.size(), 1U);
  const absl::Time cursor = observer_->cursor();
  clock_.Advance(absl::Seconds(1));
  Report("a", State::kChanged, Cause::kDrift);
  clock_.Advance(absl::Minutes(10));
  Begin(cursor);
  EXPECT_EQ(Look().passed.size(), 1U);
  EXPECT_THAT(Look().passed, IsEmpty());
}

TEST_F(ObserverTest, AClockThatIsSetBackHidesNoDriftAndTellsNoneTwice) {
  MakeHost("a");
  Heard("a");
  Look();
  clock_.Advance(absl::Seconds(1));
  Report("a", State::kChanged, Cause::kDrift);
  EXPECT_EQ(Look().passed.size(), 1U);
  clock_.SetWallClock(clock_.Now() - absl::Hours(1));
  EXPECT_THAT(Look().passed, IsEmpty());
  clock_.Advance(absl::Seconds(1));
  Report("a", State::kChanged, Cause::kDrift);
  EXPECT_EQ(Look().passed.size(), 1U);
  EXPECT_THAT(Look().passed, IsEmpty());
}

TEST_F(ObserverTest, AFirstServerTellsNoOldStories) {
  MakeHost("a");
  Heard("a");
  Report("a", State::kChanged, Cause::kDrift);
  clock_.Advance(absl::Minutes(10));
  Begin(clock_.Now());
  EXPECT_THAT(Look().passed, IsEmpty());
}

TEST_F(ObserverTest, AHostIsSilentAfterThreeHeartbeats) {
  MakeHost("a");
  Heard("a");
  clock_.Advance(3 * kHeartbeat);
  EXPECT_THAT(Names(Look()), IsEmpty());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Names(Look()), ElementsAre("silence a "));
  Heard("a");
  EXPECT_THAT(Names(Look()), IsEmpty());
}

TEST_F(ObserverTest, AServerThatWasAwayListensFirst) {
  MakeHost("a");
  Heard("a");
  clock_.Advance(absl::Hours(1));
  Begin();
  EXPECT_THAT(Names(Look(false)), IsEmpty());
  EXPECT_THAT(Names(Look(true)), ElementsAre("silence a "));  // It was before, and is not over.
  clock_.Advance(3 * kHeartbeat + absl::Seconds(1));
  EXPECT_THAT(Names(Look(false)), ElementsAre("silence a "));
}

TEST_F(ObserverTest, ARevokedHostIsNoNews) {
  MakeHost("a");
  Heard("a");
  Report("a", State::kFailed);
  Report("a", State::kDrifted, Cause::kDrift);
  ASSERT_OK(store().fleet().Revoke(Subject::kHost, "a", "stolen"));
  EXPECT_THAT(Names(Look()), IsEmpty());
}

TEST_F(ObserverTest, TheServersOwnCertificatesAreTold) {
  endings_ = {{"certificate of the server",
               clock_.Now() + absl::Hours(48),
               absl::Hours(24),
               "see its log"}};
  EXPECT_THAT(Names(Look()), IsEmpty());
  clock_.Advance(absl::Hours(25));
  const Observation soon = Look();
  EXPECT_THAT(Names(soon), ElementsAre("expiring  certificate of the server"));
  EXPECT_THAT(soon.standing.begin()->second.detail, HasSubstr("2026-01-03T00:00:00.000Z; see its"));
  clock_.Advance(absl::Hours(24));
  EXPECT_THAT(Names(Look()), ElementsAre("expiring  certificate of the server, ended"));
}

TEST_F(ObserverTest, WaiversOfRevisionsThatHostsEnforceEndLoudly) {
  MakeHost("a");
  MakeHost("b");
  // The clock stands at the beginning of 2026; the day that is named is the last one.
  const std::string waiver =
      "[[waiver]]\ncontrol = \"CIS-1\"\nreason = \"the vendor\"\napprover = \"bob\"\n"
      "until = 2026-01-15\n";
  Enforce("a", {{"waivers/own.toml", waiver}});
  Enforce("b", {{"waivers/own.toml", waiver}});
  EXPECT_THAT(Names(Look()), IsEmpty());
  clock_.Advance(absl::Hours(25));
  Heard("a");
  Heard("b");
  const Observation soon = Look();
  ASSERT_OK(soon.problem);
  ASSERT_THAT(Names(soon), ElementsAre("expiring  waiver of CIS-1 (waivers/own.toml:1)"));
  const Notice& notice = soon.standing.begin()->second;
  EXPECT_EQ(notice.severity, Severity::kWarning);
  EXPECT_EQ(notice.detail, "ends 2026-01-16T00:00:00.000Z; approved by bob: the vendor");
  clock_.Advance(absl::Hours(24 * 14));
  Heard("a");
  Heard("b");
  const Observation over = Look();
  // Certificates of the two hosts are over as well by now.
  EXPECT_THAT(Names(over),
              ::testing::Contains("expiring  waiver of CIS-1, ended (waivers/own.toml:1)"));
  Enforce("a", {{"fleet.lua", ""}});
  Enforce("b", {{"fleet.lua", " "}});
  EXPECT_THAT(Names(Look()), ::testing::Not(::testing::Contains(HasSubstr("waiver"))));
}

TEST_F(ObserverTest, WhatCannotBeReadOfARevisionHidesNothingElse) {
  MakeHost("a");
  Heard("a");
  Report("a", State::kFailed);
  auto known = store().fleet().GetHost("a");
  ASSERT_OK(known);
  const RevisionRecord damaged = AddRevision("no statement at all");
  known->revision_id = damaged.id;
  ASSERT_OK(store().fleet().NoteSession(*known));
  const Observation seen = Look();
  EXPECT_FALSE(seen.problem.ok());
  EXPECT_THAT(Names(seen), ElementsAre("failure a file:/a"));
}

HostView Host(absl::Time now) {
  HostView host;
  host.presence = Presence::kConnected;
  host.record.name = "a";
  host.record.last_seen = now;
  host.record.last_run = now;
  host.record.certificate_expires = now + absl::Hours(72);
  return host;
}

TEST(NoticesOfTest, AHostThatIsWellHasNone) {
  const absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  EXPECT_THAT(NoticesOf(Host(now), absl::Hours(72), now), IsEmpty());
}

TEST(NoticesOfTest, RunsAndRevisionsThatFailAreTold) {
  const absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  HostView host = Host(now);
  host.record.last_run_error = "init.lua:3:\n no such thing";
  host.assigned = "r7";
  host.record.refusal = "r7: no key of ours signed it";
  const auto notices = NoticesOf(host, absl::Hours(72), now);
  ASSERT_EQ(notices.size(), 2U);
  EXPECT_EQ(notices[0].key, (Key{Kind::kFailure, "a", "run"}));
  EXPECT_EQ(notices[0].detail, "init.lua:3:  no such thing");
  EXPECT_EQ(notices[1].key, (Key{Kind::kFailure, "a", "revision r7"}));
  EXPECT_EQ(notices[1].detail, "refused: no key of ours signed it");
}

TEST(NoticesOfTest, ACertificateThatIsNotRenewedIsToldInItsLastQuarter) {
  const absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  const HostView host = Host(now);
  EXPECT_THAT(NoticesOf(host, absl::Hours(72), now + absl::Hours(53)), IsEmpty());
  const auto soon = NoticesOf(host, absl::Hours(72), now + absl::Hours(54));
  ASSERT_EQ(soon.size(), 1U);
  EXPECT_EQ(soon[0].key, (Key{Kind::kExpiring, "a", "certificate"}));
  EXPECT_EQ(soon[0].severity, Severity::kWarning);
  const auto over = NoticesOf(host, absl::Hours(72), now + absl::Hours(72));
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(over[0].severity, Severity::kCritical);
}

TEST(NoticeOfTest, AFightIsContended) {
  DriftEntry entry;
  entry.host = "a";
  entry.report.id = "file:/x";
  entry.report.contended = "put right 5 times within a minute";
  const Notice notice = NoticeOf(entry);
  EXPECT_EQ(notice.key.kind, Kind::kContended);
  EXPECT_EQ(notice.detail, "put right 5 times within a minute");
}

TEST(NoticeOfTest, DriftSaysWhatAndWho) {
  DriftEntry entry;
  entry.host = "a";
  entry.report.id = "file:/x";
  entry.outcome = DriftOutcome::kCorrected;
  entry.report.differences.resize(2);
  entry.report.differences[0].attribute = "content";
  entry.report.differences[1].attribute = "mode";
  entry.report.actor.emplace();
  entry.report.actor->command = "vim /x";
  const Notice notice = NoticeOf(entry);
  EXPECT_EQ(notice.detail, "content, mode; put right");
  EXPECT_THAT(notice.by, HasSubstr("vim /x"));
}

}  // namespace
}  // namespace fettle::server::notify
