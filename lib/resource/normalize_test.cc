// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "lib/resource/schema.h"

namespace fettle::resource {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

AttributeSchema Of(AttributeType type) {
  return {.name = "a", .type = type, .doc = "Doc."};
}

std::string Text(AttributeType type, const Value& value) {
  const absl::StatusOr<Value> normalized = NormalizeValue(Of(type), value);
  return normalized.ok() ? normalized->Display()
                         : "error: " + std::string(Message(normalized.status()));
}

TEST(CanonicalPathTest, BringsPathsIntoOneForm) {
  const std::pair<const char*, const char*> kCases[] = {{"/", "/"},
                                                        {"//", "/"},
                                                        {"/a/", "/a"},
                                                        {"/a//b", "/a/b"},
                                                        {"/a/./b/.", "/a/b"},
                                                        {"/a/../b", "/b"},
                                                        {"/../a", "/a"},
                                                        {"/a/b/../../..", "/"},
                                                        {"/a/..b", "/a/..b"},
                                                        {"/a b/c", "/a b/c"}};
  for (const auto& [given, canonical] : kCases) {
    EXPECT_EQ(CanonicalPath(given).value(), canonical) << given;
  }
  for (const std::string_view bad : {std::string_view(""),
                                     std::string_view("a/b"),
                                     std::string_view("./a"),
                                     std::string_view("/a\0b", 4)}) {
    EXPECT_EQ(CanonicalPath(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(ParseDurationTest, TakesDaysAndAbseilsForms) {
  EXPECT_EQ(ParseDuration("90s").value(), absl::Seconds(90));
  EXPECT_EQ(ParseDuration("2h30m").value(), absl::Minutes(150));
  EXPECT_EQ(ParseDuration("1d").value(), absl::Hours(24));
  EXPECT_EQ(ParseDuration("1d12h").value(), absl::Hours(36));
  EXPECT_EQ(ParseDuration("500ms").value(), absl::Milliseconds(500));
  for (const char* bad : {"", "5", "-5s", "1dd", "d", "inf", "x", "1.5d", "99999999d"}) {
    EXPECT_FALSE(ParseDuration(bad).ok()) << bad;
  }
}

TEST(NormalizeValueTest, BringsModesIntoFourOctalDigits) {
  const std::pair<const char*, const char*> kCases[] = {{"644", "0644"},
                                                        {"0644", "0644"},
                                                        {"1777", "1777"},
                                                        {"01777", "1777"},
                                                        {"u=rw,go=r", "0644"},
                                                        {"a=rx", "0555"},
                                                        {"u=rwxs,g=rxs", "6750"},
                                                        {"=r", "0444"},
                                                        {"a=rwxt", "1777"}};
  for (const auto& [given, canonical] : kCases) {
    EXPECT_EQ(Text(AttributeType::kMode, given), canonical) << given;
  }
  for (const char* bad : {"", "8", "999", "0o644", "rw-r--r--", "u+x", "17777", "z=r", "u=q"}) {
    EXPECT_THAT(Text(AttributeType::kMode, bad), HasSubstr("expected permission bits")) << bad;
  }
  EXPECT_THAT(Text(AttributeType::kMode, 644), HasSubstr("write it between quotes"));
}

TEST(NormalizeValueTest, ChecksKinds) {
  EXPECT_EQ(Text(AttributeType::kBool, true), "true");
  EXPECT_EQ(Text(AttributeType::kBool, "yes"), "error: a: expected true or false, found \"yes\"");
  EXPECT_EQ(Text(AttributeType::kString, 5), "error: a: expected text, found 5");
  EXPECT_EQ(Text(AttributeType::kInteger, "5"), "error: a: expected a whole number, found \"5\"");
  EXPECT_EQ(Text(AttributeType::kPath, "/a//b/"), "/a/b");
  EXPECT_EQ(Text(AttributeType::kDuration, "1d"), "24h");
}

TEST(NormalizeValueTest, TakesANumberWhereTheSchemaAllowsOne) {
  AttributeSchema minute = Of(AttributeType::kString);
  minute.number_too = true;
  EXPECT_EQ(NormalizeValue(minute, 30).value(), Value("30"));
  EXPECT_FALSE(NormalizeValue(minute, true).ok());
}

TEST(NormalizeValueTest, ListsMapsAndCommandsHaveShortForms) {
  EXPECT_EQ(Text(AttributeType::kStringList, "one"), "[one]");
  EXPECT_EQ(Text(AttributeType::kStringList, Value::Map{}), "[]");
  EXPECT_THAT(Text(AttributeType::kStringList, Value::List{"a", 1}), HasSubstr("found 1 in it"));
  EXPECT_EQ(Text(AttributeType::kStringMap, Value::Map{{"a", true}, {"b", 3}, {"c", "x"}}),
            "{a = true, b = 3, c = x}");
  EXPECT_EQ(Text(AttributeType::kCommand, "nginx  -t -c %s"), "[nginx, -t, -c, %s]");
  EXPECT_EQ(Text(AttributeType::kCommand, Value::List{"echo", "a b"}), "[echo, a b]");
  EXPECT_THAT(Text(AttributeType::kCommand, "  "), HasSubstr("expected a command"));
}

TEST(NormalizeValueTest, SecretsMayNotStandOnACommandLineAndAreNotQuoted) {
  const std::string error =
      Text(AttributeType::kCommand, Value::List{"login", Value::Secret("hunter2")});
  EXPECT_THAT(error, HasSubstr("may not stand on a command line"));
  EXPECT_THAT(error, Not(HasSubstr("hunter2")));
  EXPECT_THAT(Text(AttributeType::kBool, Value::Secret("hunter2")), Not(HasSubstr("hunter2")));
  EXPECT_EQ(NormalizeValue(Of(AttributeType::kString), Value::Secret("x")).value(),
            Value::Secret("x"));
}

TEST(NormalizeValueTest, AllowedTextsAndBounds) {
  AttributeSchema state = Of(AttributeType::kString);
  state.allowed = {"running", "stopped"};
  EXPECT_TRUE(NormalizeValue(state, "running").ok());
  EXPECT_EQ(Message(NormalizeValue(state, "runing").status()),
            "a: expected one of \"running\", \"stopped\", found \"runing\"; did you mean "
            "\"running\"?");
  AttributeSchema port = Of(AttributeType::kInteger);
  port.min = 1;
  port.max = 65535;
  EXPECT_TRUE(NormalizeValue(port, 65535).ok());
  EXPECT_EQ(Message(NormalizeValue(port, 0).status()), "a: expected at least 1, found 0");
  EXPECT_EQ(Message(NormalizeValue(port, 65536).status()),
            "a: expected at most 65535, found 65536");
}

absl::Status NoDirectoryAndContent(std::string_view name, const Attributes& attributes) {
  if (attributes.Has("content") && attributes.Bool("directory", false)) {
    return InvalidArgument("{}: a directory has no content", name);
  }
  return absl::OkStatus();
}

Schema FileLike() {
  Schema schema;
  schema.type = "file";
  schema.attributes = {
      {.name = "content",
       .type = AttributeType::kString,
       .doc = "What is in it.",
       .required = true},
      {.name = "mode", .type = AttributeType::kMode, .doc = "Bits.", .default_value = "644"},
      {.name = "directory", .type = AttributeType::kBool, .doc = "Whether it is one."},
      {.name = "absent",
       .type = AttributeType::kBool,
       .doc = "Not there.",
       .default_value = false}};
  schema.check = &NoDirectoryAndContent;
  return schema;
}

TEST(NormalizeTest, FillsInDefaultsInCanonicalForm) {
  std::vector<std::string> errors;
  const Attributes attributes = Normalize(FileLike(), "/x", {{"content", "hi"}}, &errors);
  EXPECT_THAT(errors, IsEmpty());
  EXPECT_EQ(attributes.Mode("mode", 0), 0644U);
  EXPECT_EQ(attributes.String("content", ""), "hi");
  EXPECT_FALSE(attributes.Has("directory"));
  EXPECT_TRUE(attributes.Bool("directory", true));
}

TEST(NormalizeTest, ReportsAllThatIsWrong) {
  std::vector<std::string> errors;
  Normalize(FileLike(), "/x", {{"mod", "0644"}, {"directory", "yes"}}, &errors);
  EXPECT_THAT(errors,
              UnorderedElementsAre("mod: file has no such attribute; did you mean \"mode\"?",
                                   "directory: expected true or false, found \"yes\"",
                                   "content: must be given: What is in it."));
}

TEST(NormalizeTest, WhatIsAbsentNeedsNothingElse) {
  std::vector<std::string> errors;
  Normalize(FileLike(), "/x", {{"absent", true}}, &errors);
  EXPECT_THAT(errors, IsEmpty());
}

TEST(NormalizeTest, ChecksAcrossAttributesOnceEachIsRight) {
  std::vector<std::string> errors;
  Normalize(FileLike(), "/x", {{"content", "a"}, {"directory", true}}, &errors);
  EXPECT_THAT(errors, ElementsAre("/x: a directory has no content"));
}

TEST(AttributesTest, AreSortedAndReplaceable) {
  Attributes attributes;
  attributes.Set("b", 1);
  attributes.Set("a", "x");
  attributes.Set("b", 2);
  ASSERT_EQ(attributes.all().size(), 2U);
  EXPECT_EQ(attributes.all()[0].first, "a");
  EXPECT_EQ(attributes.Integer("b", 0), 2);
  EXPECT_EQ(attributes.Find("c"), nullptr);
  attributes.Set("t", "1h30m0s");
  EXPECT_EQ(attributes.Duration("t", absl::ZeroDuration()), absl::Minutes(90));
  attributes.Set("l", Value::List{"p", "q"});
  EXPECT_THAT(attributes.StringList("l"), ElementsAre("p", "q"));
}

}  // namespace
}  // namespace fettle::resource
