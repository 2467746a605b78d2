// SPDX-License-Identifier: Apache-2.0
#include "agent/link/encode.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fettle/v1/report.pb.h"
#include "lib/wire/report_wire.h"
#include "tests/support/status_matchers.h"

namespace fettle::link {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

v1::Report Parse(const std::string& bytes) {
  v1::Report report;
  EXPECT_TRUE(report.ParseFromString(bytes));
  return report;
}

resource::RunReport RunOf(int failed, int changed, std::size_t diff_bytes) {
  resource::RunReport run;
  run.id = "01RUN";
  run.host = "web1";
  run.started = absl::FromUnixSeconds(1767225600);
  run.counts.failed = failed;
  run.counts.changed = changed;
  for (int i = 0; i < failed + changed; ++i) {
    resource::ResourceReport one;
    one.id = fmt::format("file:/etc/{}", i);
    one.state = i < changed ? resource::State::kChanged : resource::State::kFailed;
    resource::DifferenceRecord difference;
    difference.attribute = "content";
    difference.diff = std::string(diff_bytes, 'd');
    one.differences.push_back(difference);
    run.resources.push_back(one);
  }
  return run;
}

TEST(EncodeTest, ARunComesBackAsItWas) {
  const resource::RunReport run = RunOf(1, 2, 10);
  ASSERT_OK_AND_ASSIGN(const resource::RunReport back,
                       wire::FromProto(Parse(EncodeRun(run)).run()));
  EXPECT_EQ(back, run);
}

TEST(EncodeTest, LeavesTheDiffsOfALargeRunOut) {
  const v1::Report report = Parse(EncodeRun(RunOf(2, 2, 1000), 2000));
  EXPECT_LE(report.ByteSizeLong(), 2000U);
  ASSERT_EQ(report.run().resources_size(), 4);
  EXPECT_EQ(report.run().resources(0).differences(0).attribute(), "content");
  EXPECT_FALSE(report.run().partial());
}

TEST(EncodeTest, KeepsFailuresWhenEvenTheirNamesAreTooMany) {
  const v1::Report report = Parse(EncodeRun(RunOf(10, 1000, 10), 3000));
  EXPECT_LE(report.ByteSizeLong(), 3000U);
  EXPECT_TRUE(report.run().partial());
  EXPECT_EQ(report.run().counts().changed(), 1000);
  int failed = 0;
  for (const v1::ResourceReport& resource : report.run().resources()) {
    failed += resource.state() == v1::STATE_FAILED ? 1 : 0;
  }
  EXPECT_EQ(failed, 10);
}

TEST(EncodeTest, ASnapshotHoldsRestingStates) {
  Snapshot snapshot;
  snapshot.revision = "r7";
  snapshot.entries = {{"file:/a", resource::State::kChanged, "a.lua:1", {"CIS-1"}},
                      {"file:/b", resource::State::kFailed, "a.lua:2", {}}};
  const v1::Report report = Parse(EncodeSnapshot(snapshot));
  ASSERT_EQ(report.snapshot().entries_size(), 2);
  EXPECT_EQ(report.snapshot().entries(0).state(), v1::STATE_OK);
  EXPECT_EQ(report.snapshot().entries(0).controls(0), "CIS-1");
  EXPECT_EQ(report.snapshot().entries(1).state(), v1::STATE_FAILED);
  EXPECT_THAT(Parse(EncodeSnapshot(snapshot, 10)).snapshot().entries(0).position(), IsEmpty());
}

TEST(EncodeTest, ARefusalSaysWhat) {
  const Digest id = Sha256("statement");
  const v1::Report report = Parse(EncodeRefusal("r8", id, "not signed"));
  EXPECT_EQ(report.refusal().reason(), "not signed");
  EXPECT_EQ(report.refusal().revision_id(), std::string(id.Raw()));
  EXPECT_THAT(Parse(EncodeFacts("{}")).facts().json(), Not(IsEmpty()));
}

}  // namespace
}  // namespace fettle::link
