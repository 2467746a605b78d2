// SPDX-License-Identifier: Apache-2.0
#include "server/siem/from_leaf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fettle/v1/agent.pb.h"
#include "lib/evidence/leaf.h"
#include "lib/wire/report_wire.h"

namespace fettle::server::siem {
namespace {

using resource::Cause;
using resource::ResourceReport;
using resource::State;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const absl::Time kThen = absl::FromUnixSeconds(1'700'000'000);
const absl::Time kNow = kThen + absl::Minutes(5);

ResourceReport Resource(const std::string& id, State state, Cause cause) {
  ResourceReport report;
  report.id = id;
  report.state = state;
  report.cause = cause;
  return report;
}

LogLeaf LeafOf(const v1::ReportList& reports, uint64_t after = 0) {
  evidence::ReportsLeaf leaf;
  leaf.time = kNow;
  leaf.host = "web1";
  leaf.epoch = "E1";
  leaf.after = after;
  leaf.last = after + 1;
  return {7, evidence::EncodeLeaf(leaf), reports.SerializeAsString()};
}

LogLeaf LeafOf(const resource::RunReport& run, uint64_t sequence = 1) {
  v1::ReportList reports;
  v1::Report& report = *reports.add_reports();
  report.set_sequence(sequence);
  report.set_recorded_us(absl::ToUnixMicros(kThen));
  *report.mutable_run() = wire::ToProto(run);
  return LeafOf(reports);
}

resource::RunReport RunOf(std::vector<ResourceReport> resources) {
  resource::RunReport run;
  run.id = "RUN1";
  run.revision = "r7";
  run.reason = "sweep";
  run.started = kThen;
  run.resources = std::move(resources);
  return run;
}

std::vector<std::string> KindsOf(const std::vector<Event>& events) {
  std::vector<std::string> kinds;
  for (const Event& event : events) {
    kinds.push_back(event.kind + " " + event.resource);
  }
  return kinds;
}

TEST(FromLeafTest, ARunTellsWhatItFoundAndHowItWent) {
  ResourceReport fought = Resource("file:/f", State::kDrifted, Cause::kDrift);
  fought.contended = "three times in an hour; left alone";
  const auto events = EventsOf(LeafOf(RunOf({
      Resource("file:/a", State::kDrifted, Cause::kDrift),
      Resource("file:/b", State::kChanged, Cause::kDrift),
      Resource("file:/c", State::kChanged, Cause::kIntended),
      Resource("file:/d", State::kFailed, Cause::kDrift),
      Resource("file:/e", State::kReverted, Cause::kIntended),
      fought,
      Resource("file:/g", State::kDrifted, Cause::kIntended),  // Audit: due, and nobody did it.
      Resource("file:/h", State::kSkipped, Cause::kNone),
  })));
  EXPECT_THAT(KindsOf(events),
              ElementsAre("drift file:/a",
                          "correction file:/b",
                          "change file:/c",
                          "failure file:/d",
                          "reverted file:/e",
                          "contended file:/f",
                          "run "));
  EXPECT_EQ(events[5].detail, "three times in an hour; left alone");
}

TEST(FromLeafTest, AnEventSaysWhereWhenAndWho) {
  ResourceReport report = Resource("file:/a", State::kDrifted, Cause::kDrift);
  report.differences = {{"content", "x", "y", "y", "", Cause::kDrift}};
  report.actor.emplace();
  report.actor->login = "ann";
  report.controls = {"CIS-1"};
  const auto events = EventsOf(LeafOf(RunOf({report}), 9));
  const Event& drift = events.at(0);
  EXPECT_EQ(drift.id, "E1-9-0");
  EXPECT_EQ(events.at(1).id, "E1-9-1");
  EXPECT_EQ(drift.leaf, 7U);
  EXPECT_EQ(drift.host, "web1");
  EXPECT_EQ(drift.time, kThen);
  EXPECT_EQ(drift.received, kNow);
  EXPECT_EQ(drift.run, "RUN1");
  EXPECT_EQ(drift.revision, "r7");
  EXPECT_EQ(drift.actor->login, "ann");
  EXPECT_EQ(drift.differences.size(), 1U);
  EXPECT_THAT(drift.controls, ElementsAre("CIS-1"));
  EXPECT_EQ(drift.summary, "drift: file:/a on web1: content");
}

TEST(FromLeafTest, ARunThatCouldNotBeDoneIsGraver) {
  resource::RunReport run = RunOf({});
  run.error = "recipes/a/init.lua:3: no such type";
  const auto events = EventsOf(LeafOf(run));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].failed);
  EXPECT_EQ(events[0].severity, 8);
  EXPECT_EQ(events[0].detail, run.error);
  EXPECT_FALSE(EventsOf(LeafOf(RunOf({})))[0].failed);
}

TEST(FromLeafTest, TheSameLeafIsToldTheSame) {
  const LogLeaf leaf = LeafOf(RunOf({Resource("file:/a", State::kDrifted, Cause::kDrift)}));
  EXPECT_EQ(EventsOf(leaf)[0].id, EventsOf(leaf)[0].id);
}

TEST(FromLeafTest, WhatABatchRepeatsIsNotToldAgain) {
  v1::ReportList reports;
  for (const uint64_t sequence : {4U, 5U}) {
    v1::Report& report = *reports.add_reports();
    report.set_sequence(sequence);
    *report.mutable_run() = wire::ToProto(RunOf({}));
  }
  const auto events = EventsOf(LeafOf(reports, 4));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].id, "E1-5-0");
}

TEST(FromLeafTest, RefusalsAndPausesAreToldAndFactsAreNot) {
  v1::ReportList reports;
  v1::Report& refusal = *reports.add_reports();
  refusal.set_sequence(1);
  refusal.mutable_refusal()->set_revision("r8");
  refusal.mutable_refusal()->set_reason("signed by nobody that it trusts");
  v1::Report& pause = *reports.add_reports();
  pause.set_sequence(2);
  pause.mutable_pause()->set_until_us(absl::ToUnixMicros(kNow));
  pause.mutable_pause()->set_reason("maintenance");
  v1::Report& facts = *reports.add_reports();
  facts.set_sequence(3);
  facts.mutable_facts()->set_json("{}");
  v1::Report& strange = *reports.add_reports();
  strange.set_sequence(4);
  const auto events = EventsOf(LeafOf(reports));
  EXPECT_THAT(KindsOf(events), ElementsAre("refusal ", "pause ", "unreadable "));
  EXPECT_EQ(events[0].detail, "signed by nobody that it trusts");
  EXPECT_THAT(events[1].summary, HasSubstr("is paused until 2023-11-14T22:18:20"));
}

TEST(FromLeafTest, AnActIsToldWithAllThatItSays) {
  const evidence::ActLeaf act{kNow, "user/ann", "publish", "r7", "web1", {{"digest", "abc"}}};
  const auto events = EventsOf({3, evidence::EncodeLeaf(act), ""});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].id, "leaf-3");
  EXPECT_EQ(events[0].kind, "act");
  EXPECT_EQ(events[0].who, "user/ann");
  EXPECT_EQ(events[0].act, "publish");
  EXPECT_EQ(events[0].detail, "r7");
  EXPECT_EQ(events[0].host, "web1");
  EXPECT_EQ(events[0].data.at("digest"), "abc");
  EXPECT_EQ(events[0].summary, "user/ann: publish r7");
  EXPECT_FALSE(events[0].failed);
}

TEST(FromLeafTest, WhatWasRefusedIsAKindOfItsOwn) {
  const evidence::ActLeaf act{kNow, "user/eve", "denied", "publish", "", {}};
  const auto events = EventsOf({3, evidence::EncodeLeaf(act), ""});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, "denied");
  EXPECT_TRUE(events[0].failed);
}

TEST(FromLeafTest, ADamagedLeafIsAnEventAndNoEnd) {
  const auto events = EventsOf({3, "nonsense", ""});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, "unreadable");
  LogLeaf batch = LeafOf(RunOf({}));
  batch.data = "\xff\xff";
  EXPECT_EQ(EventsOf(batch).at(0).kind, "unreadable");
}

}  // namespace
}  // namespace fettle::server::siem
