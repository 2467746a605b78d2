// SPDX-License-Identifier: Apache-2.0
#include "lib/base/bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle {
namespace {

using ::testing::ElementsAre;

TEST(BytesTest, WhatWasWrittenIsRead) {
  ByteWriter writer;
  writer.Number(0);
  writer.Number(std::numeric_limits<uint64_t>::max());
  writer.Signed(std::numeric_limits<int64_t>::min());
  writer.Signed(-1);
  writer.Flag(true);
  writer.Text("two\nlines");
  writer.Texts({"", "b"});
  writer.Raw("xyz");
  const std::string bytes = writer.Take();
  ByteReader reader(bytes);
  EXPECT_EQ(reader.Number(), 0U);
  EXPECT_EQ(reader.Number(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(reader.Signed(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(reader.Small(), -1);
  EXPECT_TRUE(reader.Flag());
  EXPECT_EQ(reader.Text(), "two\nlines");
  EXPECT_THAT(reader.Texts(), ElementsAre("", "b"));
  EXPECT_EQ(reader.Raw(3), "xyz");
  EXPECT_TRUE(reader.at_end());
  EXPECT_FALSE(reader.failed());
}

TEST(BytesTest, ALengthBeyondTheEndFails) {
  ByteReader reader(
      "\x05"
      "abc");
  EXPECT_EQ(reader.Text(), "");
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.Number(), 0U);
}

TEST(BytesTest, NumbersHaveOneForm) {
  for (const std::string_view bad :
       {std::string_view("\x80\x00", 2),
        std::string_view("\x80", 1),
        std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10)}) {
    ByteReader reader(bad);
    reader.Number();
    EXPECT_TRUE(reader.failed()) << bad.size();
  }
  ByteReader flag("\x02");
  flag.Flag();
  EXPECT_TRUE(flag.failed());
}

}  // namespace
}  // namespace fettle
