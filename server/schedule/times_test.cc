// SPDX-License-Identifier: Apache-2.0
#include "server/schedule/times.h"

#include <gtest/gtest.h>

namespace fettle::server::schedule {
namespace {

std::string LastDueText(const ReportTimes& times, const std::string& now) {
  absl::Time at;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_sec, now, &at, &error)) << error;
  return absl::FormatTime("%Y-%m-%dT%H:%M:%S", LastDue(times, at), absl::UTCTimeZone());
}

ReportTimes Times(ReportEvery every, int hour, int minute, const char* zone = "UTC") {
  ReportTimes times;
  times.every = every;
  times.hour = hour;
  times.minute = minute;
  EXPECT_TRUE(absl::LoadTimeZone(zone, &times.zone));
  return times;
}

TEST(ReportTimesTest, IsTheLastMomentThatTheTimesName) {
  const ReportTimes hour = Times(ReportEvery::kHour, 7, 15);
  EXPECT_EQ(LastDueText(hour, "2026-11-24T04:15:00Z"), "2026-11-24T04:15:00");
  EXPECT_EQ(LastDueText(hour, "2026-11-24T04:14:59Z"), "2026-11-24T03:15:00");
  EXPECT_EQ(LastDueText(hour, "2026-01-01T00:14:59Z"), "2025-12-31T23:15:00");
  const ReportTimes day = Times(ReportEvery::kDay, 7, 0);
  EXPECT_EQ(LastDueText(day, "2026-11-24T07:00:00Z"), "2026-11-24T07:00:00");
  EXPECT_EQ(LastDueText(day, "2026-11-24T06:59:59Z"), "2026-11-23T07:00:00");
  const ReportTimes month = Times(ReportEvery::kMonth, 7, 30);
  EXPECT_EQ(LastDueText(month, "2026-11-24T06:59:59Z"), "2026-11-01T07:30:00");
  EXPECT_EQ(LastDueText(month, "2026-03-01T07:29:59Z"), "2026-02-01T07:30:00");
}

TEST(ReportTimesTest, AWeekBeginsOnTheDayThatIsNamed) {
  ReportTimes week = Times(ReportEvery::kWeek, 7, 0);
  EXPECT_EQ(LastDueText(week, "2026-11-24T12:00:00Z"), "2026-11-23T07:00:00");  // A Tuesday.
  EXPECT_EQ(LastDueText(week, "2026-11-23T06:59:59Z"), "2026-11-16T07:00:00");
  week.weekday = 6;
  EXPECT_EQ(LastDueText(week, "2026-11-24T12:00:00Z"), "2026-11-22T07:00:00");
}

TEST(ReportTimesTest, ADayIsOneOfTheZone) {
  const ReportTimes day = Times(ReportEvery::kDay, 7, 0, "Europe/Berlin");
  EXPECT_EQ(LastDueText(day, "2026-11-24T06:00:00Z"), "2026-11-24T06:00:00");
  EXPECT_EQ(LastDueText(day, "2026-07-24T05:00:00Z"), "2026-07-24T05:00:00");
  EXPECT_EQ(LastDueText(day, "2026-07-24T04:59:59Z"), "2026-07-23T05:00:00");
}

TEST(ReportTimesTest, AMomentThatAClockLeapsOverIsWhenItLeapt) {
  const ReportTimes day = Times(ReportEvery::kDay, 2, 30, "Europe/Berlin");
  EXPECT_EQ(LastDueText(day, "2026-03-29T12:00:00Z"), "2026-03-29T01:00:00");
}

}  // namespace
}  // namespace fettle::server::schedule
