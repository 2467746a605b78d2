// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_host.h"

namespace fettle::agent {
namespace {

using fettle::testing::FakeHost;

constexpr char kUtc[] =
    "  Original form: Sat 02..04:*\nNormalized form: Sat *-*-* 02..04:*:00\n"
    "    Next elapse: Sat 2026-11-21 02:00:00 UTC\n       From now: 1 day 19h ago\n";
constexpr char kBerlin[] =
    "  Original form: *:0/5\nNormalized form: *-*-* *:00/5:00\n"
    "    Next elapse: Wed 2026-11-18 12:10:00 CET\n"
    "       (in UTC): Wed 2026-11-18 11:10:00 UTC\n       From now: 4 days ago\n";

TEST(ScheduleTest, ReadsWhatSystemdSaysInAnyTimeZone) {
  EXPECT_EQ(ParseNextElapse(kUtc),
            absl::FromCivil(absl::CivilSecond(2026, 11, 21, 2, 0, 0), absl::UTCTimeZone()));
  EXPECT_EQ(ParseNextElapse(kBerlin),
            absl::FromCivil(absl::CivilSecond(2026, 11, 18, 11, 10, 0), absl::UTCTimeZone()));
  EXPECT_EQ(ParseNextElapse("    Next elapse: never\n"), std::nullopt);
  EXPECT_EQ(ParseNextElapse(""), std::nullopt);
}

class InScheduleTest : public ::testing::Test {
 protected:
  // systemd says that every expression comes next at this second of 2026.
  void NextAt(absl::Time time) {
    host_.programs().On(
        [](const std::vector<std::string>& argv) { return argv[0] == "systemd-analyze"; },
        {.exit_code = 0,
         .out = "    Next elapse: " +
                absl::FormatTime("%a %Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone()) + "\n",
         .err = "",
         .output_cut = false});
  }

  FakeHost host_;
};

TEST_F(InScheduleTest, IsInAWindowThatNamesThisMinute) {
  Schedule schedule(host_.prober(), host_.clock());
  NextAt(host_.clock().Now());
  host_.clock().Advance(absl::Seconds(59));
  EXPECT_TRUE(schedule.Contains("*:*"));
}

TEST_F(InScheduleTest, IsNotInOneThatBeginsNextMinute) {
  Schedule schedule(host_.prober(), host_.clock());
  NextAt(host_.clock().Now() + absl::Minutes(1));
  EXPECT_FALSE(schedule.Contains("*:*"));
}

TEST_F(InScheduleTest, AsksOnceAMinute) {
  Schedule schedule(host_.prober(), host_.clock());
  NextAt(host_.clock().Now());
  EXPECT_TRUE(schedule.Contains("*:*"));
  EXPECT_TRUE(schedule.Contains("*:*"));
  EXPECT_EQ(host_.programs().commands().size(), 1U);
  host_.clock().Advance(absl::Minutes(1));
  EXPECT_TRUE(schedule.Contains("*:*"));  // By now the answer lies in the past.
  EXPECT_EQ(host_.programs().commands().size(), 2U);
}

TEST_F(InScheduleTest, WhatSystemdDoesNotUnderstandIsNeverNow) {
  Schedule schedule(host_.prober(), host_.clock());
  EXPECT_FALSE(schedule.Contains("rubbish"));
  host_.programs().OnProgram("systemd-analyze", 1);
  EXPECT_FALSE(schedule.Contains("other rubbish"));
}

}  // namespace
}  // namespace fettle::agent
