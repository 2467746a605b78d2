// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::resource {
namespace {

using ::testing::HasSubstr;

const absl::TimeZone kBerlin = absl::FixedTimeZone(3600);

// In the local time of a week that begins on Monday the 2nd of February 2026.
absl::Time At(int day, int hour, int minute) {
  return absl::FromCivil(absl::CivilMinute(2026, 2, 1 + day, hour, minute), kBerlin);
}

bool Holds(std::string_view text, absl::Time time) {
  const auto windows = Windows::Parse(text);
  EXPECT_TRUE(windows.ok()) << windows.status();
  return windows.ok() && windows->Contain(time, kBerlin);
}

TEST(WindowsTest, TheEndIsNotPartOfIt) {
  EXPECT_FALSE(Holds("02:00-05:00", At(3, 1, 59)));
  EXPECT_TRUE(Holds("02:00-05:00", At(3, 2, 0)));
  EXPECT_TRUE(Holds("02:00-05:00", At(3, 4, 59)));
  EXPECT_FALSE(Holds("02:00-05:00", At(3, 5, 0)));
}

TEST(WindowsTest, OverMidnightTheDayIsTheOneOnWhichItBegins) {
  EXPECT_TRUE(Holds("Fri 22:00-04:00", At(5, 23, 0)));
  EXPECT_TRUE(Holds("Fri 22:00-04:00", At(6, 3, 59)));
  EXPECT_FALSE(Holds("Fri 22:00-04:00", At(5, 3, 0)));
  EXPECT_FALSE(Holds("Fri 22:00-04:00", At(6, 22, 30)));
}

TEST(WindowsTest, DaysAreListsAndRangesAlsoOverTheWeekend) {
  EXPECT_TRUE(Holds("Sat,sun 00:00-24:00", At(7, 23, 59)));
  EXPECT_FALSE(Holds("Sat,Sun 00:00-24:00", At(1, 12, 0)));
  EXPECT_TRUE(Holds("Fri-Mon 10:00-11:00", At(1, 10, 0)));
  EXPECT_FALSE(Holds("Fri-Mon 10:00-11:00", At(2, 10, 0)));
}

TEST(WindowsTest, OneOfSeveralIsEnough) {
  EXPECT_TRUE(Holds("Mon 01:00-02:00; Tue 03:00-04:00", At(2, 3, 30)));
  EXPECT_FALSE(Holds("Mon 01:00-02:00; Tue 03:00-04:00", At(2, 1, 30)));
}

TEST(WindowsTest, KnowsWhenTheNextBegins) {
  const auto windows = Windows::Parse("Mon 01:00-02:00; Thu 03:00-04:00");
  ASSERT_TRUE(windows.ok());
  EXPECT_EQ(windows->NextBeginning(At(1, 0, 59), kBerlin), At(1, 1, 0));
  EXPECT_EQ(windows->NextBeginning(At(1, 1, 0), kBerlin), At(4, 3, 0));
  EXPECT_EQ(windows->NextBeginning(At(4, 3, 0), kBerlin), At(8, 1, 0));
}

TEST(WindowsTest, WhatIsNoStretchOfTimeIsRefusedWithAnExample) {
  for (const std::string_view wrong : {"",
                                       "02:00",
                                       "utter nonsense",
                                       "Sat",
                                       "Sam 02:00-03:00",
                                       "02:00-25:00",
                                       "02:60-03:00",
                                       "2:00-3:00",
                                       "24:00-02:00",
                                       "03:00-03:00",
                                       "Sat- 02:00-03:00",
                                       "Mon-Tue-Wed 02:00-03:00",
                                       "02:00-03:00-04:00",
                                       "02:00-03:00;",
                                       "Sat 02:00 - 03:00",
                                       "-1:00-02:00"}) {
    const auto windows = Windows::Parse(wrong);
    ASSERT_FALSE(windows.ok()) << wrong;
    EXPECT_THAT(std::string(windows.status().message()), HasSubstr("Sat,Sun 02:00-05:00"));
  }
}

}  // namespace
}  // namespace fettle::resource
