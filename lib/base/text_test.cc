// SPDX-License-Identifier: Apache-2.0
#include "lib/base/text.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SplitTest, KeepsEmptyParts) {
  EXPECT_THAT(Split("a,b", ','), ElementsAre("a", "b"));
  EXPECT_THAT(Split(",a,,b,", ','), ElementsAre("", "a", "", "b", ""));
  EXPECT_THAT(Split("", ','), ElementsAre(""));
  EXPECT_THAT(Split("abc", ','), ElementsAre("abc"));
}

TEST(SplitLinesTest, AFinalNewlineBeginsNoLine) {
  EXPECT_THAT(SplitLines("a\nb\n"), ElementsAre("a", "b"));
  EXPECT_THAT(SplitLines("a\nb"), ElementsAre("a", "b"));
  EXPECT_THAT(SplitLines("\n\na\n\n"), ElementsAre("", "", "a", ""));
  EXPECT_THAT(SplitLines("\n"), ElementsAre(""));
  EXPECT_THAT(SplitLines(""), IsEmpty());
}

TEST(SplitWordsTest, SkipsBlanksAndTabs) {
  EXPECT_THAT(SplitWords("  net.core\t=  1 "), ElementsAre("net.core", "=", "1"));
  EXPECT_THAT(SplitWords("one"), ElementsAre("one"));
  EXPECT_THAT(SplitWords(" \t "), IsEmpty());
  EXPECT_THAT(SplitWords(""), IsEmpty());
}

TEST(TrimTest, RemovesWhiteSpaceAtBothEndsOnly) {
  EXPECT_EQ(Trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(Trim("a"), "a");
  EXPECT_EQ(Trim(" \r\n\t"), "");
  EXPECT_EQ(Trim(""), "");
}

TEST(ParseIntTest, ReadsWholeDecimalNumbers) {
  struct Case {
    const char* text;
    int64_t value;
  };

  for (const Case& c : {Case{"0", 0},
                        Case{"-7", -7},
                        Case{"007", 7},
                        Case{"9223372036854775807", INT64_MAX},
                        Case{"-9223372036854775808", INT64_MIN}}) {
    int64_t value = 99;
    EXPECT_TRUE(ParseInt(c.text, &value)) << c.text;
    EXPECT_EQ(value, c.value);
  }
}

TEST(ParseIntTest, RefusesTheRest) {
  int64_t value = 0;
  for (const char* bad :
       {"", "-", "+1", " 1", "1 ", "1k", "0x10", "1.0", "9223372036854775808", "--1"}) {
    EXPECT_FALSE(ParseInt(bad, &value)) << bad;
  }
}

TEST(ClosestMatchTest, FindsATypoAndNothingFarther) {
  constexpr std::string_view kKnown[] = {"file", "package", "service", "sysctl", "user"};
  EXPECT_EQ(ClosestMatch("fiel", kKnown), "file") << "two letters swapped are one slip";
  EXPECT_EQ(ClosestMatch("fael", kKnown), "") << "two edits of four letters are too many";
  EXPECT_EQ(ClosestMatch("fil", kKnown), "file");
  EXPECT_EQ(ClosestMatch("pakage", kKnown), "package");
  EXPECT_EQ(ClosestMatch("services", kKnown), "service");
  EXPECT_EQ(ClosestMatch("sevrice", kKnown), "service");
  EXPECT_EQ(ClosestMatch("cron", kKnown), "");
  EXPECT_EQ(ClosestMatch("", kKnown), "");
}

TEST(ClosestMatchTest, PrefersTheNearestAndThenTheFirst) {
  constexpr std::string_view kKnown[] = {"model", "mode", "node"};
  EXPECT_EQ(ClosestMatch("mode", kKnown), "mode");
  EXPECT_EQ(ClosestMatch("mod", kKnown), "mode");
  EXPECT_EQ(ClosestMatch("xode", kKnown), "mode");
}

TEST(DidYouMeanTest, IsTheEndOfAMessageOrNothing) {
  constexpr std::string_view kKnown[] = {"owner", "group"};
  EXPECT_EQ(DidYouMean("ownr", kKnown), "; did you mean \"owner\"?");
  EXPECT_EQ(DidYouMean("content", kKnown), "");
  EXPECT_EQ(DidYouMean("owner", {}), "");
}

TEST(IsTextTest, AcceptsUtf8OfEveryLength) {
  for (const char* text : {"",
                           "plain\n\ttext\x1b",
                           "\xc3\xa9",
                           "\xe2\x82\xac",
                           "\xf0\x9f\x90\xa7",
                           "\xf4\x8f\xbf\xbf",
                           "\xed\x9f\xbf",
                           "\xee\x80\x80",
                           "\xe0\xa0\x80"}) {
    EXPECT_TRUE(IsText(text)) << text;
  }
}

TEST(IsTextTest, RefusesNulAndMalformedSequences) {
  EXPECT_FALSE(IsText(std::string_view("a\0b", 3)));
  for (const char* bad : {
           "\x80",              // Continuation without a lead.
           "\xc3",              // Cut short.
           "\xe2\x82",          // Cut short.
           "\xc3(",             // No continuation.
           "\xc0\xaf",          // Longer than needed.
           "\xe0\x9f\xbf",      // Longer than needed.
           "\xf0\x8f\xbf\xbf",  // Longer than needed.
           "\xed\xa0\x80",      // A surrogate.
           "\xf4\x90\x80\x80",  // Above U+10FFFF.
           "\xff",
       }) {
    EXPECT_FALSE(IsText(bad)) << ::testing::PrintToString(bad);
  }
}

}  // namespace
}  // namespace fettle
