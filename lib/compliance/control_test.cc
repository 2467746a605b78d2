// SPDX-License-Identifier: Apache-2.0
#include "lib/compliance/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::compliance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ParsedControls Parse(const std::map<std::string, std::string>& files) {
  policy::Tree tree;
  for (const auto& [path, content] : files) {
    EXPECT_TRUE(tree.Add(path, content).ok());
  }
  return ParseControls(tree);
}

TEST(ControlTest, AControlSaysWhatItStandsForInEveryFramework) {
  const ParsedControls parsed = Parse({{"fleet.lua", "-- [[ not TOML\n"}, {"controls/cis.toml", R"(
[[control]]
id = "CIS-5.2.8"
title = "No root log-in by ssh"
description = "Why."
severity = "high"
[control.frameworks]
"PCI-DSS" = ["2.2.4", "8.6.1"]
"ISO 27001" = "A.9.4.3"
)"}});
  ASSERT_THAT(parsed.problems, IsEmpty());
  ASSERT_EQ(parsed.catalog.controls.size(), 1U);
  const Control& control = parsed.catalog.controls.at("CIS-5.2.8");
  EXPECT_EQ(control.title, "No root log-in by ssh");
  EXPECT_EQ(control.severity, Severity::kHigh);
  EXPECT_EQ(control.position, "controls/cis.toml:2");
  EXPECT_THAT(control.frameworks.at("PCI-DSS"), ElementsAre("2.2.4", "8.6.1"));
  EXPECT_THAT(control.frameworks.at("ISO 27001"), ElementsAre("A.9.4.3"));
}

TEST(ControlTest, AWaiverHoldsToTheEndOfItsDay) {
  const ParsedControls parsed = Parse({{"waivers/2026.toml", R"(
[[waiver]]
control = "CIS-5.2.8"
hosts = "web1"
reason = "vendor wants it"
approver = "ann"
until = 2026-12-31
[[waiver]]
control = "X"
reason = "r"
approver = "a"
compensating = "watched by hand"
until = 2026-12-31T12:00:00+02:00
)"}});
  ASSERT_THAT(parsed.problems, IsEmpty());
  ASSERT_EQ(parsed.catalog.waivers.size(), 2U);
  EXPECT_EQ(parsed.catalog.waivers[0].until,
            absl::FromCivil(absl::CivilDay(2027, 1, 1), absl::UTCTimeZone()));
  EXPECT_EQ(parsed.catalog.waivers[0].hosts, "web1");
  EXPECT_EQ(parsed.catalog.waivers[1].until,
            absl::FromCivil(absl::CivilHour(2026, 12, 31, 10), absl::UTCTimeZone()));
}

struct Bad {
  const char* name;
  const char* path;
  const char* text;
  const char* problem;
};

class BadControlsTest : public ::testing::TestWithParam<Bad> {};

TEST_P(BadControlsTest, IsNamedWithItsPlaceAndLeftOut) {
  const ParsedControls parsed = Parse({{GetParam().path, GetParam().text}});
  EXPECT_THAT(parsed.problems, ElementsAre(HasSubstr(GetParam().problem)));
  EXPECT_THAT(parsed.catalog.controls, IsEmpty());
  EXPECT_THAT(parsed.catalog.waivers, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All,
    BadControlsTest,
    ::testing::Values(
        Bad{"NoToml", "controls/a.toml", "[[control]\n", "controls/a.toml:1:"},
        Bad{"OtherTable", "controls/a.toml", "[[waiver]]\n", "only [[control]] stands"},
        Bad{"WaiverFile", "waivers/a.toml", "waiver = 3\n", "only [[waiver]] stands"},
        Bad{"NoTitle", "controls/a.toml", "[[control]]\nid = \"A\"\n", ":1:1: title is missing"},
        Bad{"Severity",
            "controls/a.toml",
            "[[control]]\nid = \"A\"\ntitle = \"t\"\nseverity = \"dire\"\n",
            "controls/a.toml:4:12: severity is low, medium, high or critical"},
        Bad{"UnknownKey",
            "controls/a.toml",
            "[[control]]\nid = \"A\"\ntitle = \"t\"\nseverty = \"low\"\n",
            "\"severty\" is not known here"},
        Bad{"Frameworks",
            "controls/a.toml",
            "[[control]]\nid = \"A\"\ntitle = \"t\"\nframeworks = [\"PCI\"]\n",
            "frameworks wants a table"},
        Bad{"Until",
            "waivers/a.toml",
            "[[waiver]]\ncontrol = \"A\"\nreason = \"r\"\napprover = \"a\"\nuntil = \"soon\"\n",
            "waivers/a.toml:5:9: until wants the last day"},
        Bad{"NoEnd",
            "waivers/a.toml",
            "[[waiver]]\ncontrol = \"A\"\nreason = \"r\"\napprover = \"a\"\n",
            "until wants the last day"}),
    [](const auto& one) { return one.param.name; });

TEST(ControlTest, AControlThatStandsTwiceIsAProblemAndTheFirstStays) {
  const ParsedControls parsed =
      Parse({{"controls/a.toml", "[[control]]\nid = \"A\"\ntitle = \"first\"\n"},
             {"controls/b.toml", "[[control]]\nid = \"A\"\ntitle = \"second\"\n"}});
  EXPECT_THAT(parsed.problems,
              ElementsAre(HasSubstr("controls/b.toml:1:1: control \"A\" stands already at "
                                    "controls/a.toml:1")));
  EXPECT_EQ(parsed.catalog.controls.at("A").title, "first");
}

}  // namespace
}  // namespace fettle::compliance
