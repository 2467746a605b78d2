// SPDX-License-Identifier: Apache-2.0
#include "server/reports/from_proto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/wire/report_wire.h"

namespace fettle::server {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

v1::Report Numbered(uint64_t sequence) {
  v1::Report report;
  report.set_sequence(sequence);
  report.set_recorded_us(1'790'000'000'000'000);
  return report;
}

std::vector<Ingest> RecordsOfOne(const v1::Report& report) {
  v1::ReportList batch;
  *batch.add_reports() = report;
  return RecordsOf("web1", batch);
}

std::string WhyUnreadable(const v1::Report& report) {
  const auto records = RecordsOfOne(report);
  if (records.size() != 1) {
    return "not one record";
  }
  const auto* unreadable = std::get_if<Unreadable>(&records[0].body);
  return unreadable == nullptr ? "readable" : unreadable->why;
}

TEST(FromProtoTest, ARunIsTheCertificatesHostWhateverItSays) {
  v1::Report report = Numbered(3);
  report.mutable_run()->set_id("run-1");
  report.mutable_run()->set_host("db1");
  const auto records = RecordsOfOne(report);
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].sequence, 3U);
  EXPECT_EQ(std::get<resource::RunReport>(records[0].body).host, "web1");
}

TEST(FromProtoTest, ASnapshotIsTakenWhenItWasRecorded) {
  v1::Report report = Numbered(1);
  auto& entry = *report.mutable_snapshot()->add_entries();
  entry.set_id("file:/a");
  entry.set_state(v1::STATE_DRIFTED);
  entry.set_position("init.lua:1");
  entry.add_controls("CIS 1.1");
  const auto records = RecordsOfOne(report);
  ASSERT_THAT(records, SizeIs(1));
  const auto& snapshot = std::get<Snapshot>(records[0].body);
  EXPECT_EQ(snapshot.taken, absl::FromUnixSeconds(1'790'000'000));
  ASSERT_THAT(snapshot.entries, SizeIs(1));
  EXPECT_EQ(snapshot.entries[0].state, resource::State::kDrifted);
  EXPECT_EQ(snapshot.entries[0].position, "init.lua:1");
}

TEST(FromProtoTest, FactsAndRefusalsComeThrough) {
  v1::Report facts = Numbered(1);
  facts.mutable_facts()->set_json("{}");
  EXPECT_EQ(std::get<FactsJson>(RecordsOfOne(facts)[0].body).json, "{}");
  v1::Report refusal = Numbered(2);
  refusal.mutable_refusal()->set_revision("r4");
  refusal.mutable_refusal()->set_reason("a stranger's signature");
  EXPECT_EQ(std::get<Refusal>(RecordsOfOne(refusal)[0].body).reason, "a stranger's signature");
}

TEST(FromProtoTest, WhatCannotBeReadSaysWhy) {
  EXPECT_THAT(WhyUnreadable(Numbered(1)), HasSubstr("newer than the server"));
  v1::Report timeless = Numbered(1);
  timeless.mutable_facts()->set_json("{}");
  timeless.set_recorded_us(-1);
  EXPECT_THAT(WhyUnreadable(timeless), HasSubstr("no time"));
  v1::Report stateless = Numbered(1);
  stateless.mutable_snapshot()->add_entries()->set_id("file:/a");
  EXPECT_THAT(WhyUnreadable(stateless), HasSubstr("state"));
  v1::Report nameless = Numbered(1);
  nameless.mutable_snapshot()->add_entries()->set_state(v1::STATE_OK);
  EXPECT_THAT(WhyUnreadable(nameless), HasSubstr("without an id"));
  v1::Report endless = Numbered(1);
  endless.mutable_facts()->set_json(std::string((1 << 20) + 1, ' '));
  EXPECT_THAT(WhyUnreadable(endless), HasSubstr("facts of"));
}

TEST(FromProtoTest, ARecordWithoutANumberIsLeftOut) {
  EXPECT_THAT(RecordsOfOne(Numbered(0)), SizeIs(0));
}

}  // namespace
}  // namespace fettle::server
