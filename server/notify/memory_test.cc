// SPDX-License-Identifier: Apache-2.0
#include "server/notify/memory.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle::server::notify {
namespace {

Notice Sample(const std::string& host) {
  Notice notice;
  notice.key = {Kind::kDrift, host, "file:/a\nb"};
  notice.severity = Severity::kCritical;
  notice.detail = "mode";
  notice.by = "vim";
  notice.since = absl::FromUnixMicros(1'700'000'000'000'001);
  return notice;
}

TEST(MemoryTest, WhatIsWrittenReadsBack) {
  Memory memory;
  memory.cursor = absl::FromUnixMicros(1'700'000'000'000'002);
  HookMemory& hook = memory.hooks["ops"];
  hook.told.emplace(Sample("a").key, Sample("a"));
  hook.passed = {Sample("b")};
  hook.passed[0].over = absl::FromUnixMicros(1'700'000'000'000'003);
  hook.dropped = 4;
  const auto back = DecodeMemory(EncodeMemory(memory));
  ASSERT_OK(back);
  EXPECT_EQ(back->cursor, memory.cursor);
  const HookMemory& same = back->hooks.at("ops");
  EXPECT_EQ(same.dropped, 4U);
  ASSERT_EQ(same.told.size(), 1U);
  const Notice& told = same.told.begin()->second;
  EXPECT_EQ(told.key, Sample("a").key);
  EXPECT_EQ(told.severity, Severity::kCritical);
  EXPECT_EQ(told.detail, "mode");
  EXPECT_EQ(told.by, "vim");
  EXPECT_EQ(told.since, Sample("a").since);
  EXPECT_EQ(told.over, absl::InfiniteFuture());
  ASSERT_EQ(same.passed.size(), 1U);
  EXPECT_EQ(same.passed[0].over, hook.passed[0].over);
}

TEST(MemoryTest, DamageIsFound) {
  for (const char* text : {"",
                           "[]",
                           "{",
                           R"({"cursor":"now","hooks":{}})",
                           R"({"cursor":1,"hooks":[]})",
                           R"({"cursor":1,"hooks":{"a":{"told":5}}})",
                           R"({"cursor":1,"hooks":{"a":[]}})"}) {
    EXPECT_TRUE(absl::IsDataLoss(DecodeMemory(text).status())) << text;
  }
}

TEST(MemoryTest, WhatANewerServerKnewIsLeftOut) {
  const auto memory = DecodeMemory(
      R"({"cursor":1,"hooks":{"a":{"told":[{"kind":"flood","since":1},{"kind":"drift","since":1}],"passed":[7]}}})");
  ASSERT_OK(memory);
  EXPECT_EQ(memory->hooks.at("a").told.size(), 1U);
  EXPECT_TRUE(memory->hooks.at("a").passed.empty());
}

}  // namespace
}  // namespace fettle::server::notify
