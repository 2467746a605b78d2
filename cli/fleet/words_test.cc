// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/words.h"

#include <gtest/gtest.h>

#include "cli/fleet/moments.h"
#include "lib/base/status_macros.h"
#include "lib/base/when.h"

namespace fettle::cli {
namespace {

using Labels = std::map<std::string, std::string>;

TEST(LabelWordsTest, EqualsSetsAndMinusRemoves) {
  const auto change = ParseLabelChange({"role=web", "z-", "a-b=", "a=b=c-", "a-"});
  EXPECT_FALSE(change.ok()) << "a is named twice";
  const auto good = ParseLabelChange({"role=web", "z-", "a-b=", "c=b=c-", "a-"});
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ(good->set, (Labels{{"role", "web"}, {"a-b", ""}, {"c", "b=c-"}}));
  EXPECT_EQ(good->remove, (std::vector<std::string>{"a", "z"}));
}

TEST(LabelWordsTest, WhatIsNoLabelIsNamed) {
  for (const char* wrong : {"role", "", "-", "=web", "ro le=web", "röle=web"}) {
    const auto change = ParseLabelChange({"fine=yes", wrong});
    ASSERT_EQ(change.status().code(), absl::StatusCode::kInvalidArgument) << wrong;
    EXPECT_NE(Message(change.status()).find(fmt::format("\"{}\"", wrong)), std::string_view::npos);
  }
}

TEST(LabelWordsTest, AnOptionOnlySets) {
  EXPECT_EQ(*ParseLabels({"a=1", "b=2"}), (Labels{{"a", "1"}, {"b", "2"}}));
  EXPECT_FALSE(ParseLabels({"a-"}).ok());
}

TEST(SpanWordsTest, UnitsAddUp) {
  const struct {
    const char* text;
    absl::Duration span;
  } kCases[] = {{"90s", absl::Seconds(90)},
                {"15m", absl::Minutes(15)},
                {"2h", absl::Hours(2)},
                {"7d", absl::Hours(168)},
                {"1w", absl::Hours(168)},
                {"1d12h", absl::Hours(36)}};

  for (const auto& one : kCases) {
    EXPECT_EQ(*ParseSpan(one.text), one.span) << one.text;
  }
}

TEST(SpanWordsTest, AnythingElseIsRefused) {
  for (const char* wrong :
       {"", "2", "h", "2 h", "-2h", "2y", "0s", "2h3", "1.5h", "99999999999999999999s"}) {
    EXPECT_EQ(ParseSpan(wrong).status().code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
}

TEST(MomentWordsTest, TheOptionIsNamedAndTheFutureRefused) {
  EXPECT_EQ(*MomentOf("--since", ""), 0);
  EXPECT_GT(*MomentOf("--since", "2h"), 0);
  EXPECT_EQ(*MomentOf("--at", "2001-09-09T01:46:40Z"), 1'000'000'000'000'000);
  EXPECT_EQ(MomentOf("--at", "soon").status().message().substr(0, 4), "--at");
  EXPECT_FALSE(MomentOf("--until", "9999-01-01").ok());
}

TEST(FilterWordsTest, AreJoinedByBlanks) {
  EXPECT_EQ(JoinWords({}), "");
  EXPECT_EQ(JoinWords({"os.id", "==", "debian"}), "os.id == debian");
}

}  // namespace
}  // namespace fettle::cli
