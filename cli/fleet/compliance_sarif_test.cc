// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/fleet/compliance_export.h"
#include "lib/export/compliance_for_test.h"

namespace fettle::cli {
namespace {

using exports::LaterForTest;
using exports::ResponseForTest;
using nlohmann::json;
using ::testing::HasSubstr;

json RunOf(const v1::AssessResponse& response) {
  const json log = json::parse(ComplianceSarif(response));
  EXPECT_EQ(log["version"], "2.1.0");
  EXPECT_EQ(log["runs"].size(), 1U);
  return log["runs"][0];
}

TEST(ComplianceSarifTest, AControlIsARule) {
  const json rules = RunOf(ResponseForTest())["tool"]["driver"]["rules"];
  ASSERT_EQ(rules.size(), 3U);
  EXPECT_EQ(rules[0]["id"], "CIS-5.2.8");
  EXPECT_EQ(rules[0]["shortDescription"]["text"], "No <root> by \"ssh\"");
  EXPECT_EQ(rules[0]["defaultConfiguration"]["level"], "error");
  EXPECT_EQ(rules[0]["properties"]["tags"], json::parse(R"(["PCI-DSS 2.2.4"])"));
  EXPECT_FALSE(rules[1].contains("shortDescription")) << "nobody gave it a title";
  EXPECT_EQ(rules[1]["defaultConfiguration"]["level"], "warning");
}

TEST(ComplianceSarifTest, AFindingPointsAtTheLineThatDeclaresIt) {
  const json result = RunOf(ResponseForTest())["results"][0];
  EXPECT_EQ(result["ruleId"], "CIS-5.2.8");
  EXPECT_EQ(result["ruleIndex"], 0);
  EXPECT_EQ(result["kind"], "fail");
  EXPECT_EQ(result["level"], "error");
  EXPECT_EQ(result["message"]["text"], "CIS-5.2.8 on web1: not compliant");
  const json location = result["locations"][0];
  EXPECT_EQ(location["physicalLocation"]["artifactLocation"]["uri"], "recipes/a%20b/init.lua");
  EXPECT_EQ(location["physicalLocation"]["region"]["startLine"], 2);
  EXPECT_EQ(location["logicalLocations"][0]["name"], "file:/tmp/<script>{0}</script>\x1b[31m");
  EXPECT_THAT(location["message"]["text"].get<std::string>(),
              HasSubstr("<script>{{0}}</script>\x1b\\[31m drifted since 2023-11-14T22:13:20Z"));
}

TEST(ComplianceSarifTest, WhatIsWaivedIsSuppressedAndWhatIsUnknownOpen) {
  const json results = RunOf(ResponseForTest())["results"];
  EXPECT_EQ(results[0]["suppressions"], json::array());
  EXPECT_EQ(results[1]["kind"], "fail");
  EXPECT_EQ(results[1]["suppressions"][0]["status"], "accepted");
  EXPECT_THAT(results[1]["suppressions"][0]["justification"].get<std::string>(),
              HasSubstr("vendor (approved by ann; instead: recorded)"));
  EXPECT_EQ(results[2]["kind"], "open");
  EXPECT_EQ(results[2]["level"], "none") << "only what failed has a level";
  EXPECT_EQ(results[2]["message"]["text"], "own: \\[fine\\] on web2: unknown");
  EXPECT_EQ(results[3]["kind"], "pass");
  EXPECT_EQ(results[3]["level"], "none");
}

TEST(ComplianceSarifTest, AWaiverThatEndedSuppressesNothingAndIsSaid) {
  v1::AssessResponse response = ResponseForTest();
  response.mutable_findings(1)->set_verdict(v1::VERDICT_NOT_COMPLIANT);
  response.mutable_findings(1)->mutable_waiver()->set_ended(true);
  const json result = RunOf(response)["results"][1];
  EXPECT_EQ(result["suppressions"], json::array());
  EXPECT_THAT(result["message"]["text"].get<std::string>(), HasSubstr("waiver ENDED"));
}

TEST(ComplianceSarifTest, OnlyTheDateChanges) {
  std::string later = ComplianceSarif(LaterForTest(ResponseForTest()));
  const std::size_t at = later.find("2027-01-15T08:01:00Z");
  ASSERT_NE(at, std::string::npos);
  later.replace(at, 20, "2027-01-15T08:00:00Z");
  EXPECT_EQ(later, ComplianceSarif(ResponseForTest()));
}

TEST(ComplianceSarifTest, WhatIsMissingIsSaid) {
  v1::AssessResponse response;
  response.add_problems("r1: controls/own.toml:1: torn");
  response.set_findings_cut(true);
  const json notes = RunOf(response)["invocations"][0]["toolExecutionNotifications"];
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_EQ(notes[0]["message"]["text"], "r1: controls/own.toml:1: torn");
  EXPECT_EQ(notes[1]["level"], "warning");
}

}  // namespace
}  // namespace fettle::cli
