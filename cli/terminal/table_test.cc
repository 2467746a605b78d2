// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal/table.h"

#include <gtest/gtest.h>

namespace fettle::cli {
namespace {

TEST(TableTest, AlignsColumnsAndCutsTheLast) {
  Table table({"NAME", "WHAT"});
  table.Add({{"web1"}, {"a long sentence that does not fit"}});
  table.Add({{"database"}, {"short"}});
  EXPECT_EQ(table.Format(false, 25),
            "NAME      WHAT\n"
            "web1      a long sentenc…\n"
            "database  short\n");
}

TEST(TableTest, CountsCharactersNotBytesAndShowsNoControlCharacters) {
  Table table({"A", "B"});
  table.Add({{"é"}, {"x\x1b[31m"}});
  EXPECT_EQ(table.Format(false, 0), "A  B\né  x?[31m\n");
}

TEST(TableTest, ColoursOnlyWhenAsked) {
  EXPECT_EQ(Toned("ok", Tone::kGood, false), "ok");
  EXPECT_EQ(Toned("ok", Tone::kGood, true), "\x1b[32mok\x1b[0m");
}

TEST(AgeTest, IsShortAndCoarse) {
  const absl::Time now = absl::FromUnixSeconds(1'000'000);

  const struct {
    absl::Time when;
    const char* text;
  } kCases[] = {{absl::InfinitePast(), "never"},
                {now, "just now"},
                {now - absl::Seconds(59), "59s ago"},
                {now - absl::Minutes(61), "1h ago"},
                {now - absl::Hours(47), "47h ago"},
                {now - absl::Hours(49), "2d ago"},
                {now + absl::Minutes(5), "in 5m"}};

  for (const auto& one : kCases) {
    EXPECT_EQ(Age(one.when, now), one.text);
  }
}

}  // namespace
}  // namespace fettle::cli
