// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lib/base/text.h"
#include "lib/export/compliance.h"
#include "lib/export/compliance_for_test.h"

namespace fettle::exports {
namespace {

using nlohmann::json;
using ::testing::SizeIs;

TEST(ComplianceJsonLinesTest, EveryLineIsAFindingAndSaysAllOfIt) {
  const std::string text = ComplianceJsonLines(ResponseForTest());
  const auto lines = SplitLines(text);
  ASSERT_THAT(lines, SizeIs(4));
  const json broken = json::parse(lines[0]);
  EXPECT_EQ(broken["control"], "CIS-5.2.8");
  EXPECT_EQ(broken["title"], "No <root> by \"ssh\"");
  EXPECT_EQ(broken["severity"], "high");
  EXPECT_EQ(broken["frameworks"], json::parse(R"({"PCI-DSS": ["2.2.4"]})"));
  EXPECT_EQ(broken["host"], "web1");
  EXPECT_EQ(broken["revision"], "r7");
  EXPECT_EQ(broken["verdict"], "not compliant");
  EXPECT_EQ(broken["taken"], "2027-01-15T08:00:00Z");
  EXPECT_EQ(broken["evidence"][0]["resource"], "file:/tmp/<script>{0}</script>\x1b[31m");
  EXPECT_EQ(broken["evidence"][0]["state"], "drifted");
  EXPECT_EQ(broken["evidence"][0]["since"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(broken["evidence"][0]["position"], "recipes/a b/init.lua:2");
  EXPECT_TRUE(broken["waiver"].is_null());
  const json waived = json::parse(lines[1]);
  EXPECT_EQ(waived["waiver"]["reason"], "vendor");
  EXPECT_EQ(waived["waiver"]["until"], "2030-03-17T17:46:40Z");
  EXPECT_EQ(waived["waiver"]["ended"], false);
  EXPECT_EQ(json::parse(lines[2])["verdict"], "unknown");
}

TEST(ComplianceJsonLinesTest, ATerminalIsNotSpokenTo) {
  EXPECT_EQ(ComplianceJsonLines(ResponseForTest()).find('\x1b'), std::string::npos);
}

TEST(ComplianceJsonLinesTest, OnlyTheDateChanges) {
  const std::string one = ComplianceJsonLines(ResponseForTest());
  const std::string other = ComplianceJsonLines(LaterForTest(ResponseForTest()));
  const auto before = SplitLines(one);
  const auto after = SplitLines(other);
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    json changed = json::parse(after[i]);
    changed["taken"] = "2027-01-15T08:00:00Z";
    EXPECT_EQ(json::parse(before[i]), changed);
  }
}

TEST(ComplianceJsonLinesTest, NoFindingIsNoLine) {
  EXPECT_EQ(ComplianceJsonLines(v1::AssessResponse()), "");
}

}  // namespace
}  // namespace fettle::exports
