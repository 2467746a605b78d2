// SPDX-License-Identifier: Apache-2.0
#include "lib/filter/filter.h"

#include <array>
#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/filter/compare.h"
#include "tests/support/status_matchers.h"

namespace fettle::filter {
namespace {

using ::testing::ElementsAre;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

constexpr std::array<std::string_view, 2> kPresences = {"connected", "silent"};
constexpr std::array<std::string_view, 3> kOpen = {"labels", "os", "network"};
constexpr std::array<Field, 5> kFields = {
    Field{"name", Kind::kText, {}},
    Field{"presence", Kind::kText, kPresences},
    Field{"counts.failed", Kind::kNumber, {}},
    Field{"paused", Kind::kTruth, {}},
    Field{"last_seen", Kind::kTime, {}},
};
constexpr Language kLanguage{kFields, kOpen, "name"};

class MapFields : public Fields {
 public:
  explicit MapFields(std::map<std::string, std::vector<Value>, std::less<>> values)
      : values_(std::move(values)) {}

  std::vector<Value> Find(std::string_view name) const override {
    const auto found = values_.find(name);
    return found == values_.end() ? std::vector<Value>() : found->second;
  }

 private:
  std::map<std::string, std::vector<Value>, std::less<>> values_;
};

MapFields Web1() {
  return MapFields({{"name", {"web1"}},
                    {"presence", {"connected"}},
                    {"counts.failed", {2.0}},
                    {"paused", {false}},
                    {"last_seen", {kNow - absl::Minutes(90)}},
                    {"labels.role", {"web"}},
                    {"os.id", {"debian"}},
                    {"os.version", {"12"}},
                    {"os.kernel", {"6.10.1-2"}},
                    {"network.addresses", {"10.0.0.7", "192.168.1.1"}}});
}

struct Case {
  std::string filter;
  bool matches;
};

void ExpectAll(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    const auto filter = Filter::Parse(one.filter, kLanguage, kNow);
    ASSERT_TRUE(filter.ok()) << one.filter << ": " << filter.status();
    EXPECT_EQ(filter->Matches(Web1()), one.matches) << one.filter;
  }
}

TEST(FilterTest, OneBareWordIsANameOrPattern) {
  ExpectAll({{"", true},
             {"  ", true},
             {"web1", true},
             {"web", false},
             {"web*", true},
             {"w?b1", true},
             {"\"web*\"", true},
             {"(paused)", false},
             {"not paused", true}});
}

TEST(FilterTest, ValuesAreComparedAsWhatTheyAre) {
  ExpectAll({{"os.id == \"debian\" and labels.role == \"web\"", true},
             {"os.id == debian", true},
             {"os.id == 'ubuntu'", false},
             {"os.version == 12", true},
             {"os.version > 9", true},
             {"os.version >= 12.1", false},
             {"os.kernel > 6.9", true},
             {"os.kernel < 6.10", false},
             {"counts.failed > 1", true},
             {"counts.failed >= 2", true},
             {"counts.failed < 2", false},
             {"counts.failed and not paused", true},
             {"paused == false", true},
             {"name ~ web*", true},
             {"name ~ \"db?\"", false},
             {"labels.role in [db, \"web\"]", true},
             {"labels.role not in [db, web]", false},
             {"labels.role in []", false},
             {"network.addresses == 192.168.1.1", true},
             {"network.addresses ~ 172.*", false}});
}

TEST(FilterTest, TimesAreMomentsOrAges) {
  ExpectAll({{"last_seen < 1h ago", true},
             {"last_seen > 2h ago", true},
             {"last_seen > 2h", true},
             {"last_seen < \"2023-11-14 20:00\"", false},
             {"last_seen > 2023-11-14T20:00:00Z", true},
             {"last_seen >= today", true}});
}

TEST(FilterTest, AndBindsTighterThanOrAndNotTightest) {
  ExpectAll({{"name == x or name == web1 and paused", false},
             {"name == web1 or name == x and paused", true},
             {"(name == web1 or name == x) and paused", false},
             {"not name == x and not paused", true},
             {"not (name == web1 and not paused)", false},
             {"not not name == web1", true}});
}

TEST(FilterTest, WhatIsAbsentComparesWithNothing) {
  ExpectAll({{"labels.zone == eu", false},
             {"labels.zone < eu", false},
             {"labels.zone ~ *", false},
             {"labels.zone in [eu]", false},
             {"(labels.zone)", false},
             {"has labels.zone", false},
             {"has labels.role", true},
             {"labels.zone != eu", true},
             {"not labels.zone == eu", true},
             {"has labels.zone and labels.zone != eu", false}});
}

TEST(FilterTest, SaysWhatItLooksAt) {
  const auto filter =
      Filter::Parse("os.id == debian or (has labels.role and os.id ~ u*)", kLanguage, kNow);
  ASSERT_OK(filter);
  EXPECT_THAT(filter->fields(), ElementsAre("labels.role", "os.id"));
  EXPECT_FALSE(filter->all());
}

TEST(FilterTest, SaysWhichOneItCanHoldOf) {
  for (const char* text : {"web1", "name == web1", "paused and name == web1", "name in [web1]"}) {
    EXPECT_EQ(Filter::Parse(text, kLanguage, kNow)->only(), "web1") << text;
  }
  for (const char* text : {"", "web*", "name != web1", "name == web1 or paused", "name > web1"}) {
    EXPECT_EQ(Filter::Parse(text, kLanguage, kNow)->only(), "") << text;
  }
}

TEST(FilterTest, NumbersInTextsStandInTheirOrder) {
  EXPECT_LT(CompareNaturally("6.9", "6.10"), 0);
  EXPECT_LT(CompareNaturally("6.1.0-9", "6.1.0-18"), 0);
  EXPECT_EQ(CompareNaturally("1.02", "1.2"), 0);
  EXPECT_GT(CompareNaturally("12", "9"), 0);
  EXPECT_LT(CompareNaturally("", "a"), 0);
}

TEST(FilterTest, AnyTextIsReadOrRefused) {
  constexpr std::array<const char*, 22> kParts = {
      "name", "(",  ")", "and", "or", "not", "has",      "in", "[", "]", ",",
      "==",   "!=", "<", "~",   "12", "\"",  "labels.a", "1h", " ", "=", "\xC3\xA9"};
  std::mt19937 random(20260301);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same run every time
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto parts = random() % 12; parts > 0; --parts) {
      text += kParts.at(random() % kParts.size());
      text += random() % 2 == 0 ? " " : "";
    }
    const auto filter = Filter::Parse(text, kLanguage, kNow);
    if (filter.ok()) {
      ++read;
      (void)filter->Matches(Web1());
    } else {
      ASSERT_EQ(filter.status().code(), absl::StatusCode::kInvalidArgument) << text;
      ASSERT_NE(filter.status().message().find("column"), absl::string_view::npos) << text;
    }
  }
  EXPECT_GT(read, 100);
}

}  // namespace
}  // namespace fettle::filter
