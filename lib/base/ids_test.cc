// SPDX-License-Identifier: Apache-2.0
#include "lib/base/ids.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle {
namespace {

TEST(IdsTest, RandomBytesGivesTheCountAskedForAndOtherBytesEachTime) {
  EXPECT_EQ(RandomBytes(0), "");
  EXPECT_EQ(RandomBytes(1000).size(), 1000U);
  EXPECT_NE(RandomBytes(16), RandomBytes(16));
}

TEST(IdsTest, AnIdHasTwentySixCharactersOfCrockfordBase32) {
  EXPECT_THAT(NewId(), ::testing::MatchesRegex("[0-9A-HJKMNP-TV-Z]{26}"));
}

TEST(IdsTest, IdsDifferAndSortByTime) {
  std::set<std::string> ids;
  std::string last_time;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = NewId();
    EXPECT_TRUE(ids.insert(id).second) << id;
    EXPECT_GE(id.substr(0, 10), last_time);
    last_time = id.substr(0, 10);
  }
  EXPECT_GT(last_time, "01JAAAAAAA") << "the first ten characters are milliseconds since 1970";
}

TEST(IdsTest, HexReadsBackEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes.push_back(static_cast<char>(i));
  }
  std::string back = "not empty";
  ASSERT_TRUE(HexDecode(HexEncode(bytes), &back));
  EXPECT_EQ(back, bytes);
  EXPECT_EQ(HexEncode(std::string_view("\x00\x0f\xff", 3)), "000fff");
}

TEST(IdsTest, HexIsReadInEitherCase) {
  std::string bytes;
  ASSERT_TRUE(HexDecode("aAbBfF", &bytes));
  EXPECT_EQ(bytes, "\xaa\xbb\xff");
  ASSERT_TRUE(HexDecode("", &bytes));
  EXPECT_EQ(bytes, "");
}

TEST(IdsTest, WhatIsNotHexIsRefused) {
  std::string bytes;
  for (const char* bad : {"a", "abc", "g0", "0g", " 00", "0x", "@A", "`a", "G1"}) {
    EXPECT_FALSE(HexDecode(bad, &bytes)) << bad;
  }
}

}  // namespace
}  // namespace fettle
