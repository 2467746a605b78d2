// SPDX-License-Identifier: Apache-2.0
#include "agent/link/backoff.h"

#include <gtest/gtest.h>

namespace fettle::link {
namespace {

TEST(BackoffTest, DoublesFromASecondToFiveMinutes) {
  Backoff backoff;
  constexpr double kAlmostOne = 0.999999;
  absl::Duration expected = absl::Seconds(1);
  for (int i = 0; i < 20; ++i) {
    const absl::Duration wait = backoff.Next(kAlmostOne);
    EXPECT_LE(wait, expected);
    EXPECT_GT(wait, expected * 0.99);
    expected = std::min(expected * 2, absl::Minutes(5));
  }
}

TEST(BackoffTest, IsJitteredDownToNothing) {
  Backoff backoff;
  EXPECT_EQ(backoff.Next(0.0), absl::ZeroDuration());
  EXPECT_EQ(backoff.Next(0.5), absl::Seconds(1));
}

TEST(BackoffTest, UsesTheServersWindowForTheFirstTryAfterAGoodSession) {
  Backoff backoff;
  for (int i = 0; i < 10; ++i) {
    backoff.Next(0.5);
  }
  backoff.Accepted(absl::Seconds(40));
  EXPECT_EQ(backoff.Next(0.5), absl::Seconds(20));
  EXPECT_EQ(backoff.Next(0.5), absl::Milliseconds(500));
}

TEST(BackoffTest, BoundsTheWindowThatAServerAsksFor) {
  Backoff backoff;
  backoff.Accepted(absl::Hours(100));
  EXPECT_LE(backoff.Next(0.999), absl::Minutes(5));
}

}  // namespace
}  // namespace fettle::link
