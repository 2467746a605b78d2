// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/filter/filter.h"
#include "tests/support/status_matchers.h"

namespace fettle::filter {
namespace {

using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;

constexpr std::array<std::string_view, 2> kPresences = {"connected", "silent"};
constexpr std::array<std::string_view, 3> kOpen = {"labels", "os", "facts"};
constexpr std::array<Field, 5> kFields = {
    Field{"name", Kind::kText, {}},
    Field{"presence", Kind::kText, kPresences},
    Field{"counts.failed", Kind::kNumber, {}},
    Field{"paused", Kind::kTruth, {}},
    Field{"last_seen", Kind::kTime, {}},
};
constexpr Language kLanguage{kFields, kOpen, "name"};

std::string ErrorOf(std::string_view text) {
  const auto filter = Filter::Parse(text, kLanguage, absl::UnixEpoch());
  EXPECT_THAT(filter.status(), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  return std::string(filter.status().message());
}

TEST(FilterErrorsTest, ACaretPointsAtTheColumn) {
  EXPECT_EQ(ErrorOf("paused and nane == web1"),
            "filter, column 12: there is no field \"nane\"; did you mean \"name\"?\n"
            "  paused and nane == web1\n"
            "             ^");
  EXPECT_EQ(ErrorOf("name == \"\xC3\xA9\" nd paused"),
            "filter, column 13: expected \"and\", \"or\" or the end, not \"nd\"\n"
            "  name == \"\xC3\xA9\" nd paused\n"
            "              ^");
}

TEST(FilterErrorsTest, EachMistakeIsSaid) {
  struct Case {
    const char* filter;
    const char* said;
  };

  const Case cases[] = {
      {"paused", "write (paused) for the field, name == paused for the name"},
      {"os.id", "could be a field"},
      {"role == web", "a label is labels.role"},
      {"label.role == web", "did you mean \"labels.role\"?"},
      {"presence == conected", "did you mean \"connected\"?"},
      {"presence in [silent, gone]", "is one of connected, silent, not \"gone\""},
      {"counts.failed > many", "counts.failed is a number"},
      {"paused == 1", "paused is true or false"},
      {"paused < true", "compare with == or !="},
      {"counts.failed ~ 1*", "no text that fits a pattern"},
      {"last_seen < soon", "no time"},
      {"role=web", "one = compares nothing"},
      {"!paused", "one ! means nothing"},
      {"name == \"web", "no closing"},
      {"(name == web1", "column 1: this parenthesis is not closed"},
      {"name == web1)", "not \")\""},
      {"name ==", "expected a value for name, not the end"},
      {"name in web1", "wants a list"},
      {"name in [web1", "expected \",\" or \"]\""},
      {"name in [web1 web2]", "expected \",\" or \"]\", not \"web2\""},
      {"and", "expected the name of a field"},
      {"name == and", "expected a value"},
      {"web1 web2", "there is no field \"web1\""},
      {"has", "expected the name of a field, not the end"},
      {"\xFF", "no UTF-8"},
  };
  for (const Case& one : cases) {
    EXPECT_THAT(ErrorOf(one.filter), HasSubstr(one.said)) << one.filter;
  }
}

TEST(FilterErrorsTest, WhatIsTooLongOrTooDeepIsRefused) {
  const std::string deep(60, '(');
  EXPECT_THAT(ErrorOf(deep + "paused" + std::string(60, ')')), HasSubstr("nested deeper than 50"));
  EXPECT_THAT(ErrorOf(std::string(5000, 'x')), HasSubstr("5000 bytes"));
  std::string nots;
  for (int i = 0; i < 1000; ++i) {
    nots += "not ";
  }
  EXPECT_OK(Filter::Parse(nots + "(paused)", kLanguage, absl::UnixEpoch()));
}

}  // namespace
}  // namespace fettle::filter
