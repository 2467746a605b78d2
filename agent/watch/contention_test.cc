// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/contention.h"

#include <gmock/gmock.h>

namespace fettle::watch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::Duration kSecond = absl::Seconds(1);

// Five repairs a second apart, from `start`.
std::string Fight(Contention* contention, absl::Duration start) {
  std::string said;
  for (int i = 0; i < 5; ++i) {
    said = contention->Repaired("file:/a", start + i * kSecond);
  }
  return said;
}

TEST(ContentionTest, AFewRepairsAreNoFight) {
  Contention contention;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(contention.Repaired("file:/a", i * kSecond), "");
  }
  EXPECT_FALSE(contention.Resting("file:/a", 4 * kSecond));
  EXPECT_EQ(contention.Next(), absl::InfiniteDuration());
}

TEST(ContentionTest, SlowRepairsAreNoFight) {
  Contention contention;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(contention.Repaired("file:/a", i * 20 * kSecond), "");
  }
}

TEST(ContentionTest, AFightIsNamedAndLeftAlone) {
  Contention contention;
  EXPECT_THAT(Fight(&contention, 0 * kSecond), HasSubstr("put right 5 times within 1m"));
  EXPECT_TRUE(contention.Resting("file:/a", 5 * kSecond));
  EXPECT_FALSE(contention.Resting("file:/b", 5 * kSecond));
  EXPECT_THAT(contention.Describe("file:/a"), HasSubstr("left alone for 1m"));
  EXPECT_EQ(contention.Next(), 64 * kSecond);
  EXPECT_THAT(contention.TakeRested(63 * kSecond), IsEmpty());
  EXPECT_THAT(contention.TakeRested(64 * kSecond), ElementsAre("file:/a"));
  EXPECT_THAT(contention.TakeRested(65 * kSecond), IsEmpty());
  EXPECT_FALSE(contention.Resting("file:/a", 64 * kSecond));
}

TEST(ContentionTest, EachTimeItGoesOnItRestsTwiceAsLong) {
  Contention contention;
  (void)Fight(&contention, 0 * kSecond);
  EXPECT_EQ(contention.TakeRested(64 * kSecond).size(), 1U);
  EXPECT_THAT(contention.Repaired("file:/a", 65 * kSecond), HasSubstr("left alone for 2m"));
  EXPECT_EQ(contention.Next(), 185 * kSecond);
  EXPECT_EQ(contention.TakeRested(185 * kSecond).size(), 1U);
  EXPECT_THAT(contention.Repaired("file:/a", 186 * kSecond), HasSubstr("left alone for 4m"));
}

TEST(ContentionTest, PeaceEndsIt) {
  Contention contention;
  (void)Fight(&contention, 0 * kSecond);
  EXPECT_EQ(contention.TakeRested(64 * kSecond).size(), 1U);
  EXPECT_EQ(contention.Repaired("file:/a", 10'000 * kSecond), "");
  EXPECT_EQ(contention.Describe("file:/a"), "");
}

TEST(ContentionTest, ItNeverRestsLongerThanAllowed) {
  Contention contention;
  absl::Duration now = 4 * kSecond;
  (void)Fight(&contention, 0 * kSecond);
  for (int i = 0; i < 20; ++i) {
    const absl::Duration next = contention.Next();
    EXPECT_LE(next - now, absl::Minutes(30));
    now = next;
    EXPECT_EQ(contention.TakeRested(now).size(), 1U);
    EXPECT_NE(contention.Repaired("file:/a", now), "");
  }
}

}  // namespace
}  // namespace fettle::watch
