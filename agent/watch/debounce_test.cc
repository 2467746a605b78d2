// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/debounce.h"

#include <gmock/gmock.h>

namespace fettle::watch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kMs = absl::Milliseconds(1);

TEST(DebounceTest, WaitsUntilItSettles) {
  Debounce debounce;
  EXPECT_EQ(debounce.Next(), absl::InfiniteDuration());
  debounce.Add(7, 5 * kMs, 100 * kMs);
  EXPECT_EQ(debounce.Next(), 105 * kMs);
  EXPECT_THAT(debounce.Take(104 * kMs), IsEmpty());
  EXPECT_TRUE(debounce.Waits(7));
  EXPECT_THAT(debounce.Take(105 * kMs), ElementsAre(7));
  EXPECT_FALSE(debounce.Waits(7));
  EXPECT_THAT(debounce.Take(200 * kMs), IsEmpty());
}

TEST(DebounceTest, TheStepsOfAnEditorAreOne) {
  Debounce debounce;
  debounce.Add(1, 40 * kMs, 0 * kMs);  // Renamed away to a backup.
  debounce.Add(1, 40 * kMs, 1 * kMs);  // Created.
  debounce.Add(1, 40 * kMs, 2 * kMs);  // Written to.
  debounce.Add(1, 5 * kMs, 20 * kMs);  // Closed.
  debounce.Add(1, 5 * kMs, 22 * kMs);  // Mode set.
  EXPECT_THAT(debounce.Take(26 * kMs), IsEmpty());
  EXPECT_THAT(debounce.Take(27 * kMs), ElementsAre(1));
  EXPECT_EQ(debounce.Next(), absl::InfiniteDuration());
}

TEST(DebounceTest, WhoWritesWithoutEndIsLookedAtNonetheless) {
  Debounce debounce;
  int looks = 0;
  for (int t = 0; t < 1000; t += 10) {
    debounce.Add(1, 40 * kMs, t * kMs);
    looks += static_cast<int>(debounce.Take(t * kMs).size());
  }
  EXPECT_GE(looks, 4);
  EXPECT_LE(looks, 5);
}

TEST(DebounceTest, AThousandFilesAtOnceAreOneAnswer) {
  Debounce debounce;
  for (std::size_t i = 0; i < 1000; ++i) {
    debounce.Add(i, 5 * kMs, 0 * kMs);
  }
  EXPECT_EQ(debounce.Take(5 * kMs).size(), 1000U);
}

}  // namespace
}  // namespace fettle::watch
