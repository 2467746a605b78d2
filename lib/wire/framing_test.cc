// SPDX-License-Identifier: Apache-2.0
#include "lib/wire/framing.h"

#include <gtest/gtest.h>

#include "fettle/v1/report.pb.h"

namespace fettle::wire {
namespace {

v1::Facts FactsOf(std::string json) {
  v1::Facts facts;
  facts.set_json(std::move(json));
  return facts;
}

TEST(FramingTest, GivesBackEveryMessageHoweverItsBytesArrive) {
  const std::string both = *Frame(FactsOf("one")) + *Frame(FactsOf(""));
  FrameReader reader;
  std::vector<std::string> got;
  for (const char byte : both) {
    reader.Append(std::string_view(&byte, 1));
    const auto next = reader.Next();
    ASSERT_TRUE(next.ok());
    if (next->has_value()) {
      got.push_back(**next);
    }
  }
  EXPECT_EQ(got, (std::vector<std::string>{FactsOf("one").SerializeAsString(), ""}));
}

TEST(FramingTest, RefusesALengthOverTheLimit) {
  FrameReader reader;
  reader.Append(std::string("\xff\xff\xff\x7f", 4));
  EXPECT_EQ(reader.Next().status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(Frame(FactsOf(std::string(kMaxFrame, 'x'))).ok());
}

TEST(Framing, ALargeBufferIsGivenBackWhenItIsEmptied) {
  std::string large(std::size_t{1} << 20, 'x');
  Empty(&large);
  EXPECT_TRUE(large.empty());
  EXPECT_LT(large.capacity(), 1024U);
  std::string small(1000, 'x');
  Empty(&small);
  EXPECT_TRUE(small.empty());
  EXPECT_GE(small.capacity(), 1000U);
}

}  // namespace
}  // namespace fettle::wire
