// SPDX-License-Identifier: Apache-2.0
#include "lib/base/clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/deadline.h"
#include "tests/support/status_matchers.h"

namespace fettle {
namespace {

using ::fettle::testing::StatusIs;

TEST(ClockTest, WritesTimesInUtcWithMilliseconds) {
  EXPECT_EQ(fettle::Rfc3339(absl::FromUnixMillis(1'795'379'600'125)), "2026-11-22T20:33:20.125Z");
  EXPECT_EQ(fettle::Rfc3339(absl::UnixEpoch()), "1970-01-01T00:00:00.000Z");
}

TEST(ClockTest, MonotonicTimeNeverGoesBack) {
  const SystemClock clock;
  absl::Duration last = clock.Monotonic();
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration now = clock.Monotonic();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(DeadlineTest, NeverHasNoEndForPoll) {
  EXPECT_FALSE(Deadline::Never().expired());
  EXPECT_EQ(Deadline::Never().Remaining(), absl::InfiniteDuration());
  EXPECT_EQ(Deadline::Never().PollMilliseconds(), -1);
  EXPECT_OK(Deadline::Never().Check("waiting"));
}

TEST(DeadlineTest, AnExpiredOneHasNothingLeft) {
  for (const Deadline deadline : {Deadline::Expired(),
                                  Deadline::After(absl::ZeroDuration()),
                                  Deadline::After(-absl::Hours(1)),
                                  Deadline::Never().Within(-absl::Seconds(1))}) {
    EXPECT_TRUE(deadline.expired());
    EXPECT_EQ(deadline.Remaining(), absl::ZeroDuration());
    EXPECT_EQ(deadline.PollMilliseconds(), 0);
  }
}

TEST(DeadlineTest, WithinNeverExtends) {
  EXPECT_TRUE(Deadline::Expired().Within(absl::Hours(1)).expired());
  EXPECT_LE(Deadline::Never().Within(absl::Hours(1)).Remaining(), absl::Hours(1));
  EXPECT_LE(Deadline::After(absl::Hours(1)).Within(absl::Hours(9)).Remaining(), absl::Hours(1));
}

TEST(DeadlineTest, RemainingTimeBeyondPollsRangeIsCapped) {
  const Deadline deadline = Deadline::After(absl::Hours(24 * 365));
  EXPECT_EQ(deadline.PollMilliseconds(), 2'147'483'647);
}

TEST(DeadlineTest, CheckSaysWhatRanOutOfTime) {
  EXPECT_THAT(
      Deadline::Expired().Check("reading the package database"),
      StatusIs(absl::StatusCode::kDeadlineExceeded, "reading the package database: out of time"));
}

}  // namespace
}  // namespace fettle
