// SPDX-License-Identifier: Apache-2.0
#include "server/fleet/change_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = Change::Kind;

TEST(ChangeFeedTest, AListenerTakesWhatChangedSinceItCameOnceEach) {
  ChangeFeed feed;
  feed.Tell(Kind::kHost, "before");
  const auto listener = feed.Listen();
  feed.Tell(Kind::kRun, "web1");
  feed.Tell(Kind::kDrift, "web1");
  feed.Tell(Kind::kRun, "web1");
  EXPECT_THAT(listener->Take(absl::ZeroDuration()),
              ElementsAre(Change{Kind::kDrift, "web1"}, Change{Kind::kRun, "web1"}));
  EXPECT_THAT(listener->Take(absl::ZeroDuration()), IsEmpty());
}

TEST(ChangeFeedTest, OfTooManyHostsOneChangeWithoutAHostRemains) {
  ChangeFeed feed;
  const auto listener = feed.Listen();
  for (std::size_t i = 0; i < ChangeFeed::kMostPending + 100; ++i) {
    feed.Tell(Kind::kState, std::to_string(i));
  }
  const auto taken = listener->Take(absl::ZeroDuration());
  EXPECT_EQ(taken.size(), ChangeFeed::kMostPending + 1);
  EXPECT_EQ(taken.front(), (Change{Kind::kState, ""}));
}

TEST(ChangeFeedTest, ThereAreOnlySoManyListeners) {
  ChangeFeed feed;
  std::vector<std::unique_ptr<ChangeFeed::Listener>> listeners;
  for (std::size_t i = 0; i < ChangeFeed::kMostListeners; ++i) {
    listeners.push_back(feed.Listen());
    ASSERT_NE(listeners.back(), nullptr);
  }
  EXPECT_EQ(feed.Listen(), nullptr);
  listeners.pop_back();
  EXPECT_NE(feed.Listen(), nullptr);
}

TEST(ChangeFeedTest, ClosingWakesWhoWaitsForGood) {
  ChangeFeed feed;
  const auto listener = feed.Listen();
  feed.Close();
  EXPECT_THAT(listener->Take(absl::InfiniteDuration()), IsEmpty());
  EXPECT_TRUE(listener->closed());
  EXPECT_EQ(feed.Listen(), nullptr);
}

}  // namespace
}  // namespace fettle::server
