// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/report_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::engine {
namespace {

using resource::ResourceReport;
using resource::State;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ReportTextTest, ShowsAResourceWithItsPlaceAndDifferences) {
  ResourceReport resource;
  resource.id = "file:/a";
  resource.state = State::kChanged;
  resource.cause = resource::Cause::kDrift;
  resource.position = "init.lua:3";
  resource.differences = {
      {"mode", "0600", "0644", "0640", "", resource::Cause::kDrift},
      {"content", "", "", "", "@@ -1 +1 @@\n-a\n+b\n", resource::Cause::kIntended}};
  resource.refreshed = "restarted because of file:/b";
  EXPECT_EQ(ResourceText(resource, {}),
            "~ file:/a  changed (drift)  init.lua:3\n"
            "    mode: 0600 -> 0644  (changed behind our back, we last set 0640)\n"
            "    content:\n"
            "      @@ -1 +1 @@\n"
            "      -a\n"
            "      +b\n"
            "    restarted because of file:/b\n");
}

TEST(ReportTextTest, APlanSpeaksOfWhatWouldBe) {
  ResourceReport resource;
  resource.id = "file:/a";
  resource.state = State::kDrifted;
  EXPECT_THAT(ResourceText(resource, {.plan = true}), HasSubstr("would change"));
  EXPECT_THAT(ResourceText(resource, {}), HasSubstr("drifted"));
}

TEST(ReportTextTest, NothingFoundOnAHostSpeaksToTheTerminal) {
  ResourceReport resource;
  resource.id = "file:/a";
  resource.state = State::kFailed;
  resource.error = "\x1b[2Jgone";
  EXPECT_THAT(ResourceText(resource, {}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(ResourceText(resource, {}), HasSubstr("\\x1b[2Jgone"));
  EXPECT_THAT(ResourceText(resource, {.colour = true}), HasSubstr("\x1b[31m"));
}

TEST(ReportTextTest, SkippedOnesAreToldOnceWithTheirRootCause) {
  resource::RunReport report;
  report.counts = {.ok = 1, .skipped = 7, .failed = 1};
  for (int i = 0; i < 7; ++i) {
    ResourceReport resource;
    resource.id = "file:/" + std::to_string(i);
    resource.state = State::kSkipped;
    resource.root_cause = "file:/root";
    report.resources.push_back(resource);
  }
  EXPECT_EQ(ReportText(report, {}),
            "- 7 skipped, because file:/root failed: file:/0, file:/1, file:/2, file:/3, file:/4 "
            "and 2 more\n"
            "9 resources: 1 ok, 1 failed, 7 skipped.\n");
}

TEST(ReportTextTest, WhatIsBlockedSaysByWhom) {
  resource::RunReport report;
  report.counts = {.skipped = 1, .blocked = 1};
  ResourceReport held;
  held.id = "package:x";
  held.state = State::kBlocked;
  held.error = "the lock is held by apt";
  ResourceReport waits;
  waits.id = "file:/x";
  waits.state = State::kSkipped;
  waits.root_cause = "package:x";
  report.resources = {held, waits};
  EXPECT_EQ(ReportText(report, {}),
            "! package:x  blocked\n    the lock is held by apt\n"
            "- 1 skipped, because package:x is blocked: file:/x\n"
            "2 resources: 0 ok, 1 blocked, 1 skipped.\n");
}

TEST(ReportTextTest, SaysInOneSentenceWhatCameOfIt) {
  resource::RunReport report;
  report.counts = {.ok = 2};
  EXPECT_EQ(SummaryText(report, {}), "2 resources, all as declared.\n");
  report.error = "no such recipe";
  EXPECT_EQ(SummaryText(report, {}), "The run failed: no such recipe\n");
}

}  // namespace
}  // namespace fettle::engine
