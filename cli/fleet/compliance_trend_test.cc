// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/compliance_trend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

absl::Time Utc(int month, int day, int hour) {
  return absl::FromCivil(absl::CivilHour(2026, month, day, hour), absl::UTCTimeZone());
}

TEST(ComplianceTrendTest, ADayBeginsAtMidnightOfTheZone) {
  const auto utc = TrendMoments(Utc(3, 1, 14), Utc(3, 3, 9), absl::UTCTimeZone());
  ASSERT_OK(utc);
  EXPECT_THAT(*utc, ElementsAre(Utc(3, 1, 14), Utc(3, 2, 0), Utc(3, 3, 0), Utc(3, 3, 9)));
  const auto east = TrendMoments(Utc(3, 1, 14), Utc(3, 2, 9), absl::FixedTimeZone(2 * 3600));
  ASSERT_OK(east);
  EXPECT_THAT(*east, ElementsAre(Utc(3, 1, 14), Utc(3, 1, 22), Utc(3, 2, 9)));
}

TEST(ComplianceTrendTest, AnHourHasABeginningAndAnEnd) {
  const auto moments = TrendMoments(Utc(3, 1, 14), Utc(3, 1, 15), absl::UTCTimeZone());
  ASSERT_OK(moments);
  EXPECT_THAT(*moments, ElementsAre(Utc(3, 1, 14), Utc(3, 1, 15)));
}

TEST(ComplianceTrendTest, ThereIsAMost) {
  const absl::Time now = Utc(12, 1, 0);
  EXPECT_THAT(TrendMoments(now - absl::Hours(24 * 98), now, absl::UTCTimeZone()).value(),
              SizeIs(99));
  EXPECT_THAT(TrendMoments(now - absl::Hours(24 * 99), now, absl::UTCTimeZone()).value(),
              SizeIs(100));
  EXPECT_EQ(TrendMoments(now - absl::Hours(24 * 100), now, absl::UTCTimeZone()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ComplianceTrendTest, WhereNothingAppliesThereIsNoScore) {
  v1::TrendResponse response;
  v1::TrendPoint& none = *response.add_points();
  none.set_at_us(absl::ToUnixMicros(Utc(3, 1, 14)));
  none.mutable_counts()->set_score(1);
  v1::TrendPoint& some = *response.add_points();
  some = none;
  some.mutable_counts()->set_compliant(3);
  some.mutable_counts()->set_not_compliant(1);
  some.mutable_counts()->set_score(0.75);
  some.set_hosts(4);
  const std::string text = TrendText(response, absl::UTCTimeZone(), false, 80);
  EXPECT_THAT(text, HasSubstr("2026-03-01 14:00  -"));
  EXPECT_THAT(text, HasSubstr("2026-03-01 14:00  75.0 %"));
}

}  // namespace
}  // namespace fettle::cli
