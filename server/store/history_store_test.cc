// SPDX-License-Identifier: Apache-2.0
// What every store promises of the past: a moment is as it was, a window holds what lay in it, and
// what an older server wrote is still there.
#include <map>
#include <random>
#include <thread>

#include <fmt/format.h>

#include "server/store/sqlite/database.h"
#include "server/store/sqlite/migrations.h"
#include "tests/server/store_fixture.h"

namespace fettle::server {
namespace {

using ::fettle::testing::IsOkAndHolds;
using resource::Cause;
using resource::State;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using States = std::map<std::string, State>;

class HistoryStoreTest : public StoreTest {
 protected:
  HistoryStoreTest() { MakeHost("web1"); }

  States StatesAt(absl::Time at, const std::string& host = "web1") {
    const auto states = store().history().StatesAt(host, at);
    EXPECT_TRUE(states.ok()) << states.status();
    States all;
    for (const StateRecord& state : states.value_or(std::vector<StateRecord>())) {
      all[state.report.id] = state.report.state;
    }
    return all;
  }

  HostThen HostAt(absl::Time at, const std::string& host = "web1") {
    const auto hosts = store().history().HostsAt(at);
    EXPECT_TRUE(hosts.ok()) << hosts.status();
    return hosts.ok() && hosts->contains(host) ? hosts->at(host) : HostThen();
  }

  server::Ingest Facts(uint64_t sequence, const std::string& json) {
    return {sequence, At(sequence), FactsJson{json}};
  }
};

TEST_F(HistoryStoreTest, AMomentIsAsItWas) {
  ASSERT_OK(Ingest("web1", "e1", {SnapshotOf(1, {{"file:/a", State::kOk}, {"b", State::kOk}})}));
  ASSERT_OK(Ingest("web1", "e1", {Run(5, {Resource("file:/a", State::kFailed)})}));
  ASSERT_OK(Ingest("web1", "e1", {Run(9, {})}));
  EXPECT_THAT(StatesAt(At(0)), IsEmpty());
  EXPECT_EQ(StatesAt(At(4)), (States{{"file:/a", State::kOk}, {"b", State::kOk}}));
  EXPECT_EQ(StatesAt(At(5)), (States{{"file:/a", State::kFailed}, {"b", State::kOk}}));
  EXPECT_EQ(StatesAt(At(9)), (States{{"file:/a", State::kOk}, {"b", State::kOk}}));
  EXPECT_EQ(HostAt(At(0)).counts.total(), 0);
  EXPECT_EQ(HostAt(At(6)).counts.failed, 1);
  EXPECT_EQ(HostAt(At(6)).counts.ok, 1);
  EXPECT_EQ(HostAt(At(9)).counts.ok, 2);
  ASSERT_OK_AND_ASSIGN(const auto states, store().history().StatesAt("web1", At(6)));
  EXPECT_EQ(states.front().report.position, "recipes/b:1");
}

TEST_F(HistoryStoreTest, AMomentLongAgoCrossesMonths) {
  constexpr uint64_t kMonth = 60 * 24 * 31;
  ASSERT_OK(Ingest("web1", "e1", {SnapshotOf(1, {{"a", State::kOk}})}));
  ASSERT_OK(Ingest("web1", "e1", {Run(2 * kMonth, {Resource("a", State::kFailed)})}));
  ASSERT_OK(Ingest("web1", "e1", {Run(4 * kMonth, {})}));
  EXPECT_EQ(StatesAt(At(kMonth)), (States{{"a", State::kOk}}));
  EXPECT_EQ(StatesAt(At(3 * kMonth)), (States{{"a", State::kFailed}}));
  EXPECT_EQ(HostAt(At(kMonth)).counts.ok, 1);
  EXPECT_EQ(HostAt(At(3 * kMonth)).counts.failed, 1);
  EXPECT_EQ(HostAt(At(3 * kMonth)).counts.ok, 0);
}

TEST_F(HistoryStoreTest, EveryMomentOfAnyHistoryIsAsItWasAndCountsEqualRows) {
  std::mt19937 random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same run every time
  const State states[] = {State::kOk, State::kFailed, State::kDrifted, State::kChanged};
  std::map<uint64_t, States> known;
  std::map<uint64_t, uint32_t> drift;
  for (uint64_t step = 1; step <= 60; ++step) {
    std::vector<resource::ResourceReport> listed;
    for (int i = 0; i < 5; ++i) {
      if (random() % 3 == 0) {
        const State state = states[random() % 4];
        listed.push_back(Resource("r" + std::to_string(i),
                                  state,
                                  state == State::kDrifted ? Cause::kDrift : Cause::kNone));
      }
    }
    ASSERT_OK(Ingest("web1", "e1", {Run(step, listed)}));
    ASSERT_OK_AND_ASSIGN(const auto now, store().reports().StatesOf("web1"));
    ASSERT_OK_AND_ASSIGN(const auto host, store().fleet().GetHost("web1"));
    drift[step] = host.open_drift;
    for (const StateRecord& state : now) {
      known[step][state.report.id] = state.report.state;
    }
  }
  for (const auto& [step, then] : known) {
    EXPECT_EQ(StatesAt(At(step)), then) << step;
    int32_t failed = 0;
    int32_t drifted = 0;
    for (const auto& [id, state] : then) {
      failed += state == State::kFailed ? 1 : 0;
      drifted += state == State::kDrifted ? 1 : 0;
    }
    const HostThen host = HostAt(At(step));
    EXPECT_EQ(host.counts.failed, failed) << step;
    EXPECT_EQ(host.counts.drifted, drifted) << step;
    EXPECT_EQ(host.counts.total(), static_cast<int32_t>(then.size())) << step;
    EXPECT_EQ(host.open_drift, drift[step]) << step;
  }
}

TEST_F(HistoryStoreTest, AWindowHoldsWhatLayInIt) {
  ASSERT_OK(Ingest("web1", "e1", {Run(1, {Resource("a", State::kDrifted, Cause::kDrift)})}));
  ASSERT_OK(Ingest("web1", "e1", {Run(5, {Resource("a", State::kChanged, Cause::kDrift)})}));
  ASSERT_OK(Ingest("web1", "e1", {Run(9, {Resource("b", State::kFailed)})}));
  HistoryStore& history = store().history();
  EXPECT_THAT(history.Runs("web1", {At(2), At(9)}), IsOkAndHolds(SizeIs(2)));
  EXPECT_THAT(history.Runs("", {At(2), At(8)}), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(history.Runs("web2", {}), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(history.Drift({At(2), At(3)}), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(history.Drift({At(6), At(9)}), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(history.Spans("web1", "a", {At(2), At(3)}), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(history.Spans("web1", "", {At(0), At(0)}), IsOkAndHolds(IsEmpty()));
  ASSERT_OK_AND_ASSIGN(const auto changes, history.Changes({At(2), At(9)}));
  ASSERT_THAT(changes, SizeIs(3));  // b failed; a was put right, and is ok since.
  EXPECT_EQ(changes[0].span.state.report.id, "b");
  EXPECT_EQ(changes[0].host, "web1");
  EXPECT_THAT(history.Changes({At(2), At(9), 1}), IsOkAndHolds(SizeIs(1)));
}

TEST_F(HistoryStoreTest, DriftIsGivenOfTheHostsWantedUntilItIsEnough) {
  MakeHost("web2");
  for (const uint64_t step : {1U, 3U, 5U}) {
    for (const std::string host : {"web1", "web2"}) {
      ASSERT_OK(Ingest(host, "e1", {Run(step, {Resource("a", State::kDrifted, Cause::kDrift)})}));
      ASSERT_OK(Ingest(host, "e1", {Run(step + 1, {Resource("a", State::kChanged)})}));
    }
  }
  ASSERT_OK(Ingest("web2", "e1", {Run(9, {Resource("a", State::kDrifted, Cause::kDrift)})}));
  const auto visit = [&](uint32_t most, const std::string& wanted, std::size_t enough) {
    std::vector<absl::Time> seen;
    const auto whole_since = store().history().VisitDrift(
        {At(0), absl::InfiniteFuture(), most},
        [&](const std::string& host) { return host == wanted; },
        [&](const DriftEntry& entry) {
          EXPECT_EQ(entry.host, wanted);
          seen.push_back(entry.seen);
          return seen.size() < enough;
        });
    EXPECT_OK(whole_since);
    return std::pair(seen, whole_since.value_or(absl::Time()));
  };
  using Times = std::vector<absl::Time>;
  EXPECT_EQ(visit(100, "web1", 9), std::pair(Times({At(5), At(3), At(1)}), absl::InfinitePast()));
  EXPECT_EQ(visit(100, "web2", 2), std::pair(Times({At(9), At(5)}), absl::InfinitePast()));
  // Three are looked at: of web2 the newest two, of web1 one.
  EXPECT_EQ(visit(3, "web1", 9), std::pair(Times({At(5)}), At(5)));
  EXPECT_EQ(visit(3, "none", 9), std::pair(Times(), At(5)));
}

TEST_F(HistoryStoreTest, WhatLastsUntilNowDoesNotHideWhatEndedMonthsAgo) {
  constexpr uint64_t kMonth = 60 * 24 * 31;
  ASSERT_OK(Ingest("web1", "e1", {SnapshotOf(1, {{"a", State::kOk}, {"b", State::kOk}})}));
  ASSERT_OK(Ingest("web1", "e1", {Run(kMonth, {Resource("a", State::kFailed)})}));
  ASSERT_OK(Ingest("web1", "e1", {Run(2 * kMonth, {Resource("a", State::kDrifted)})}));
  ASSERT_OK(Ingest("web1", "e1", {Run(4 * kMonth, {Resource("a", State::kFailed)})}));
  // Newest by when they began: failed now, drifted before, failed before that; b is as old as any.
  ASSERT_OK_AND_ASSIGN(const auto spans,
                       store().history().Spans("web1", "", {At(0), absl::InfiniteFuture(), 3}));
  ASSERT_THAT(spans, SizeIs(3));
  EXPECT_EQ(spans[1].state.report.state, State::kDrifted);
  EXPECT_EQ(spans[2].state.report.state, State::kFailed);
  EXPECT_EQ(spans[2].state.since, At(kMonth));
}

TEST_F(HistoryStoreTest, SpansOfEveryLengthAreFoundFromBothTheirEnds) {
  // Resource n failed for 2^n minutes, then was put right.
  ASSERT_OK(Ingest("web1", "e1", {SnapshotOf(1, {{"x", State::kOk}})}));
  uint64_t step = 2;
  std::vector<std::pair<uint64_t, uint64_t>> spans;
  for (int n = 0; n < 20; ++n) {
    const std::string id = "r" + std::to_string(n);
    const uint64_t end = step + (uint64_t{1} << n);
    ASSERT_OK(Ingest("web1", "e1", {Run(step, {Resource(id, State::kFailed, Cause::kDrift)})}));
    ASSERT_OK(Ingest("web1", "e1", {Run(end, {})}));
    spans.emplace_back(step, end);
    step = end + 1;
  }
  for (const auto& [begin, end] : spans) {
    EXPECT_EQ(HostAt(At(begin) - absl::Microseconds(1)).counts.failed, 0) << begin;
    EXPECT_EQ(HostAt(At(begin)).counts.failed, 1) << begin;
    EXPECT_EQ(HostAt(At(end) - absl::Microseconds(1)).counts.failed, 1) << end;
    EXPECT_EQ(HostAt(At(end)).counts.failed, 0) << end;
    EXPECT_EQ(HostAt(At(begin)).open_drift, 1u) << begin;
    EXPECT_EQ(HostAt(At(end)).open_drift, 0u) << end;
    EXPECT_THAT(store().history().Drift({At(begin), At(begin)}), IsOkAndHolds(SizeIs(1)));
    EXPECT_THAT(store().history().Drift({At(end) - absl::Seconds(1), At(end)}),
                IsOkAndHolds(SizeIs(1)));
    EXPECT_THAT(store().history().Changes({At(begin), At(begin)}), IsOkAndHolds(SizeIs(1)));
  }
  // The newest few, of tables of years, are the beginning of all.
  const absl::Time far = absl::InfiniteFuture();
  const absl::Time long_ago = absl::InfinitePast();
  ASSERT_OK_AND_ASSIGN(const auto all, store().history().Spans("web1", "", {long_ago, far, 1000}));
  ASSERT_OK_AND_ASSIGN(const auto drift, store().history().Drift({long_ago, far, 1000}));
  ASSERT_OK_AND_ASSIGN(const auto times, store().history().DriftTimes({long_ago, far, 1000}));
  ASSERT_THAT(drift, SizeIs(spans.size()));
  ASSERT_THAT(times, SizeIs(spans.size()));
  for (std::size_t i = 0; i < spans.size(); ++i) {
    EXPECT_EQ(times[i].host, "web1");
    EXPECT_EQ(times[i].seen, drift[i].seen);
    EXPECT_EQ(times[i].ended, drift[i].ended);
  }
  for (const uint32_t most : {1U, 2U, 5U, 20U}) {
    ASSERT_OK_AND_ASSIGN(const auto few,
                         store().history().Spans("web1", "", {long_ago, far, most}));
    ASSERT_THAT(few, SizeIs(most));
    for (uint32_t i = 0; i < most; ++i) {
      EXPECT_EQ(few[i].state.since, all[i].state.since) << most << " " << i;
    }
    ASSERT_OK_AND_ASSIGN(const auto newest, store().history().Drift({long_ago, far, most}));
    ASSERT_THAT(newest, SizeIs(most));
    EXPECT_EQ(newest.back().seen, drift[most - 1].seen);
  }
}

TEST_F(HistoryStoreTest, AJourneyThroughTimeKeepsNobodyFromReading) {
  ASSERT_OK(Ingest("web1", "e1", {SnapshotOf(1, {{"a", State::kOk}})}));
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([this] {
      for (int times = 0; times < 50; ++times) {
        EXPECT_EQ(StatesAt(At(5)).size(), 1u);
      }
    });
  }
  for (uint64_t i = 2; i < 20; ++i) {
    ASSERT_OK(Ingest("web1", "e1", {Run(i, {Resource("a", i % 2 ? State::kOk : State::kFailed)})}));
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST_F(HistoryStoreTest, FactsAreSpansAndValuesAreKeptOnce) {
  ASSERT_OK(Ingest("web1", "e1", {Facts(1, R"({"os":{"id":"debian"},"arch":"arm64"})")}));
  ASSERT_OK(Ingest("web1", "e1", {Facts(5, R"({"os":{"id":"debian"},"virtual":"kvm"})")}));
  MakeHost("web2");
  ASSERT_OK(Ingest("web2", "e2", {Facts(6, R"({"os":{"id":"debian"}})")}));
  HistoryStore& history = store().history();
  EXPECT_THAT(history.FactsAt("web1", At(0)), IsOkAndHolds(""));
  EXPECT_THAT(history.FactsAt("web1", At(4)),
              IsOkAndHolds(R"({"arch":"arm64","os":{"id":"debian"}})"));
  EXPECT_THAT(history.FactsAt("web1", At(5)),
              IsOkAndHolds(R"({"os":{"id":"debian"},"virtual":"kvm"})"));
  EXPECT_THAT(store().reports().FactsOf("web2"), IsOkAndHolds(R"({"os":{"id":"debian"}})"));
  CloseStore();
  auto file = sqlite::Database::Open(Path());
  ASSERT_OK(file);
  int64_t values = 0;
  ASSERT_OK((*file)->Query("SELECT count(*) FROM fact_values",
                           [&](const sqlite::Row& row) { values = row.Integer(0); }));
  EXPECT_EQ(values, 3);
}

TEST_F(HistoryStoreTest, WhatAHostEnforcedIsKnownOfThen) {
  AddRevision("one");
  AddRevision("two");
  ASSERT_OK(Ingest("web1", "e1", {Run(3, {})}));
  server::Ingest later = Run(7, {});
  std::get<resource::RunReport>(later.body).revision = "r2";
  ASSERT_OK(Ingest("web1", "e1", {later}));
  EXPECT_EQ(HostAt(At(2)).revision, "");
  EXPECT_EQ(HostAt(At(3)).revision, "r1");
  EXPECT_EQ(HostAt(At(6)).revision, "r1");
  EXPECT_EQ(HostAt(At(7)).revision, "r2");
}

TEST_F(HistoryStoreTest, AHostThatOnlyLooksFollowsItsRevisionAndAnUndoSaysNothingOfIt) {
  AddRevision("one");
  server::Ingest looked = Run(3, {});
  std::get<resource::RunReport>(looked.body).enforce = false;
  server::Ingest undone = Run(5, {});
  std::get<resource::RunReport>(undone.body).enforce = false;
  std::get<resource::RunReport>(undone.body).partial = true;
  std::get<resource::RunReport>(undone.body).revision = "r9";
  ASSERT_OK(Ingest("web1", "e1", {looked, undone}));
  EXPECT_EQ(HostAt(At(6)).revision, "r1");
}

TEST_F(HistoryStoreTest, WhatFulfilledControlsIsKnownOfThen) {
  MakeHost("web2");
  ASSERT_OK(Ingest("web2", "e1", {SnapshotOf(2, {{"a", State::kOk}})}));
  ASSERT_OK(
      Ingest("web1", "e1", {SnapshotOf(1, {{"a", State::kOk}, {"b", State::kOk}}), Run(2, {})}));
  ASSERT_OK(Ingest("web1", "e1", {Run(5, {Resource("a", State::kDrifted, Cause::kDrift)})}));
  server::Ingest run = Run(8, {});
  std::get<resource::RunReport>(run.body).catalog = Sha256("another");
  server::Ingest snapshot = SnapshotOf(9, {{"a", State::kOk}});
  auto& body = std::get<Snapshot>(snapshot.body);
  body.catalog = Sha256("another");
  body.entries[0].controls = {"A", "B"};
  body.entries[0].position = "recipes/new:2";
  ASSERT_OK(Ingest("web1", "e1", {run, snapshot}));

  ASSERT_OK_AND_ASSIGN(const auto before, store().history().ControlStatesAt(At(0)));
  EXPECT_THAT(before, IsEmpty());
  ASSERT_OK_AND_ASSIGN(const auto then, store().history().ControlStatesAt(At(6)));
  ASSERT_THAT(then, SizeIs(3));
  EXPECT_EQ(then[0].host, "web1");
  EXPECT_EQ(then[0].resource, "a");
  EXPECT_EQ(then[0].state, State::kDrifted);
  EXPECT_EQ(then[0].since, At(5));
  EXPECT_EQ(then[0].position, "recipes/a:1");
  EXPECT_EQ(then[0].controls, (std::vector<std::string>{"CIS 1.1"}));
  EXPECT_EQ(then[2].host, "web2");
  ASSERT_OK_AND_ASSIGN(const auto later, store().history().ControlStatesAt(At(10)));
  ASSERT_THAT(later, SizeIs(2)) << "b is in no catalog any more";
  EXPECT_EQ(later[0].state, State::kOk);
  EXPECT_EQ(later[0].position, "recipes/new:2");
  EXPECT_EQ(later[0].controls, (std::vector<std::string>{"A", "B"}));
  ASSERT_OK_AND_ASSIGN(const auto now, store().reports().ControlStates());
  EXPECT_THAT(now, SizeIs(later.size()));
}

class OldDatabaseTest : public StoreTest, public ::testing::WithParamInterface<int> {};

TEST_P(OldDatabaseTest, WhatAnOlderServerWroteIsThere) {
  CloseStore();
  std::filesystem::remove(Path());
  {
    auto old = sqlite::Database::Open(Path());
    ASSERT_OK(old);
    ASSERT_OK(sqlite::MigrateTo(**old, GetParam()));
    ASSERT_OK((*old)->Execute(R"sql(
INSERT INTO hosts(name, channel, machine_id, agent_version, address, os, enrolled, last_seen, revision_id, refusal,
  catalog, states, ok, unknown, skipped, changed, drifted, failed, open_drift, last_run, last_run_error, revoked, facts)
  VALUES('web1', 'production', 'm', '1', '', 'debian 12', 100, 5000000, x'01', '', x'', x'', 1, 0, 0, 0, 0, 0, 0, 4000000,
  '', 0, '{"os":{"id":"debian"},"arch":"amd64"}');
INSERT INTO revisions VALUES(7, x'01', '01', 's', '', '', 50, 'user/ann');
INSERT INTO labels VALUES('web1', 'role', 'web');
INSERT INTO states VALUES('web1', 'file:/a', 0, 3000000, x'', 'run', 'r7');
)sql"));
    ASSERT_OK((*old)->Execute(fmt::format(
        R"sql(
CREATE TABLE history_197001(host TEXT NOT NULL, id TEXT NOT NULL, state INTEGER NOT NULL, since INTEGER NOT NULL,
  until INTEGER NOT NULL, record BLOB NOT NULL, run TEXT NOT NULL, revision TEXT NOT NULL{});
CREATE INDEX history_197001_host ON history_197001(host, id, until);
INSERT INTO history_197001 VALUES('web1', 'file:/a', 5, 1000000, 3000000, x'', 'run', 'r7');
{})sql",
        GetParam() < 9 ? "" : ", length INTEGER AS (1) VIRTUAL",
        GetParam() < 9 ? ""
                       : "CREATE INDEX history_197001_length ON history_197001(length, since, "
                         "until, host, state)")));
    if (GetParam() < 6) {
      ASSERT_OK((*old)->Execute(
          "INSERT INTO audit(time, who, act, detail) VALUES(60, 'user/ann', 'publish', 'r7')"));
    }
    if (GetParam() >= 5) {
      ASSERT_OK((*old)->Execute(R"sql(
INSERT INTO fact_values VALUES(1, x'0a', '"amd64"'), (2, x'0b', '{"id":"debian"}');
INSERT INTO fact_spans VALUES('web1', 'arch', 5000000, 9223372036854775807, 1),
  ('web1', 'os', 5000000, 9223372036854775807, 2);
INSERT INTO revision_spans VALUES('web1', 4000000, 9223372036854775807, 'r7');
)sql"));
    }
  }
  ASSERT_OK(OpenAgain());
  EXPECT_THAT(store().reports().FactsOf("web1"),
              IsOkAndHolds(R"({"arch":"amd64","os":{"id":"debian"}})"));
  ASSERT_OK_AND_ASSIGN(const auto host, store().fleet().GetHost("web1"));
  EXPECT_EQ(host.labels.at("role"), "web");
  EXPECT_EQ(host.counts.ok, 1);
  HistoryStore& history = store().history();
  ASSERT_OK_AND_ASSIGN(const auto then, history.StatesAt("web1", absl::FromUnixSeconds(2)));
  ASSERT_THAT(then, SizeIs(1));
  EXPECT_EQ(then[0].report.state, State::kFailed);
  ASSERT_OK_AND_ASSIGN(const auto hosts, history.HostsAt(absl::FromUnixSeconds(2)));
  EXPECT_EQ(hosts.at("web1").counts.failed, 1);
  EXPECT_EQ(hosts.at("web1").counts.ok, 0);
  ASSERT_OK_AND_ASSIGN(const auto now, history.HostsAt(absl::FromUnixSeconds(6)));
  EXPECT_EQ(now.at("web1").revision, "r7");
  EXPECT_THAT(history.FactsAt("web1", absl::FromUnixSeconds(2)), IsOkAndHolds(""));
  ASSERT_OK_AND_ASSIGN(const auto spans, history.Spans("web1", "file:/a", {}));
  EXPECT_THAT(spans, SizeIs(2));
  if (GetParam() >= 6) {
    return;  // Acts stand in the evidence log already.
  }
  ASSERT_OK_AND_ASSIGN(const auto acts, store().reports().AuditLog(absl::InfinitePast(), 10));
  ASSERT_THAT(acts, SizeIs(2));
  EXPECT_EQ(acts[0].act, kLogBegun);
  EXPECT_EQ(acts[1].who, "user/ann");
  EXPECT_EQ(acts[1].time, absl::FromUnixMicros(60));
}

INSTANTIATE_TEST_SUITE_P(Versions, OldDatabaseTest, ::testing::Range(3, 11));

}  // namespace
}  // namespace fettle::server
