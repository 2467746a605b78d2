// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Three() {
  std::string bytes;
  AppendFrame("one", &bytes);
  AppendFrame("two and more", &bytes);
  AppendFrame("three", &bytes);
  return bytes;
}

TEST(Crc32cTest, MatchesThePublishedCheckValue) {
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(Crc32c(""), 0U);
}

TEST(FramesTest, WhatWasAppendedIsRead) {
  const std::string bytes = Three();
  const Frames frames = ReadFrames(bytes);
  EXPECT_THAT(frames.payloads, ElementsAre("one", "two and more", "three"));
  EXPECT_EQ(frames.good_bytes, bytes.size());
  EXPECT_FALSE(frames.damaged);
  EXPECT_THAT(ReadFrames("").payloads, IsEmpty());
}

TEST(FramesTest, CutAnywhereItIsTornAndTheWholeOnesAreRead) {
  const std::string bytes = Three();
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    const std::string cut = bytes.substr(0, length);
    const Frames frames = ReadFrames(cut);
    EXPECT_FALSE(frames.damaged) << length;
    EXPECT_EQ(frames.payloads.size(),
              length < 11   ? 0U
              : length < 31 ? 1U
              : length < 44 ? 2U
                            : 3U)
        << length;
  }
}

TEST(FramesTest, BlocksThatWereNeverWrittenAreTorn) {
  const std::string bytes = Three() + std::string(512, '\0');
  EXPECT_FALSE(ReadFrames(bytes).damaged);
  std::string half = Three();
  const std::size_t good = half.size();
  AppendFrame("the beginning of this is there, the rest is not", &half);
  half.resize(good + 20);
  half.resize(good + 55, '\0');
  EXPECT_FALSE(ReadFrames(half).damaged);
  EXPECT_EQ(ReadFrames(half).payloads.size(), 3U);
}

TEST(FramesTest, AFlippedBitInTheMiddleIsDamage) {
  const std::string bytes = Three();
  for (std::size_t i = 0; i < 31; ++i) {
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    const Frames frames = ReadFrames(flipped);
    EXPECT_TRUE(frames.damaged) << i;
    EXPECT_LT(frames.payloads.size(), 3U) << i;
  }
}

}  // namespace
}  // namespace fettle::journal
