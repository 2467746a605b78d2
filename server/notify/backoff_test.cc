// SPDX-License-Identifier: Apache-2.0
#include "server/notify/backoff.h"

#include <gtest/gtest.h>

namespace fettle::server::notify {
namespace {

Backoff With(double random) {
  return {absl::Seconds(2), absl::Seconds(30), [random] { return random; }};
}

TEST(BackoffTest, DoublesUpToTheCap) {
  Backoff backoff = With(0);  // Half of what is due.
  for (const int seconds : {1, 2, 4, 8, 15, 15, 15}) {
    EXPECT_EQ(backoff.Failed(), absl::Seconds(seconds));
  }
  EXPECT_EQ(backoff.failures(), 7U);
}

TEST(BackoffTest, IsSpreadOverHalfOfIt) {
  EXPECT_EQ(With(0).Failed(), absl::Seconds(1));
  EXPECT_EQ(With(0.5).Failed(), absl::Milliseconds(1500));
}

TEST(BackoffTest, StaysAtTheCapHoweverOften) {
  Backoff backoff = With(0);
  for (int i = 0; i < 100; ++i) {
    backoff.Failed();
  }
  EXPECT_EQ(backoff.Failed(), absl::Seconds(15));
}

TEST(BackoffTest, BeginsAnewAfterASuccess) {
  Backoff backoff = With(0);
  backoff.Failed();
  backoff.Failed();
  backoff.Succeeded();
  EXPECT_EQ(backoff.failures(), 0U);
  EXPECT_EQ(backoff.Failed(), absl::Seconds(1));
}

TEST(BackoffTest, WaitsAsLongAsTheReceiverAsksWithinTheCap) {
  EXPECT_EQ(With(0).Failed(absl::Seconds(20)), absl::Seconds(20));
  EXPECT_EQ(With(0).Failed(absl::Hours(24)), absl::Seconds(30));
}

}  // namespace
}  // namespace fettle::server::notify
