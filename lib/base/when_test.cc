// SPDX-License-Identifier: Apache-2.0
#include "lib/base/when.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle {
namespace {

using ::fettle::testing::IsOkAndHolds;
using ::fettle::testing::StatusIs;

const absl::TimeZone kZone = absl::FixedTimeZone(2 * 3600);

absl::Time At(int day, int hour, int minute) {
  return absl::FromCivil(absl::CivilMinute(2026, 3, day, hour, minute), kZone);
}

TEST(WhenTest, MomentsAreReadInTheZoneGivenUnlessTheyNameTheirOwn) {
  const absl::Time now = At(5, 1, 30);

  struct Case {
    const char* text;
    absl::Time time;
  };

  const Case cases[] = {
      {"now", now},
      {"2h", now - absl::Hours(2)},
      {"2h ago", now - absl::Hours(2)},
      {"1d12h ago", now - absl::Hours(36)},
      {"today", At(5, 0, 0)},
      {"yesterday", At(4, 0, 0)},
      {"2026-03-01", At(1, 0, 0)},
      {"2026-03-01 02:00", At(1, 2, 0)},
      {"2026-03-01T02:00:30", At(1, 2, 0) + absl::Seconds(30)},
      {"2026-03-01T02:00:00Z", At(1, 4, 0)},
      {"2026-03-01T02:00:00+01:00", At(1, 3, 0)},
  };
  for (const Case& one : cases) {
    EXPECT_THAT(ParseWhen(one.text, now, kZone), IsOkAndHolds(one.time)) << one.text;
  }
}

TEST(WhenTest, WhatIsNoMomentIsRefused) {
  for (const char* text :
       {"", "ago", "2", "h", "-2h", "2h 3", "2026-13-01", "tomorrow", "infinite-future", "0s"}) {
    EXPECT_THAT(ParseWhen(text, absl::UnixEpoch(), kZone),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << text;
  }
}

}  // namespace
}  // namespace fettle
