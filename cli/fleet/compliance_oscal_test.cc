// SPDX-License-Identifier: Apache-2.0
// The form follows NIST's schema (oscal_assessment-results_schema.json, 1.1.3); here are its rules
// that values could break.
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/fleet/compliance_export.h"
#include "cli/fleet/compliance_words.h"
#include "lib/export/compliance_for_test.h"

namespace fettle::cli {
namespace {

using exports::LaterForTest;
using exports::ResponseForTest;
using nlohmann::json;
using ::testing::HasSubstr;

json ResultsOf(const v1::AssessResponse& response) {
  return json::parse(ComplianceOscal(response))["assessment-results"];
}

// What lies under each of these keys, at any depth.
void Collect(const json& node, const std::set<std::string>& keys, std::vector<std::string>* found) {
  for (const auto& [key, value] : node.items()) {
    if (node.is_object() && keys.contains(key) && value.is_string()) {
      found->push_back(value.get<std::string>());
    } else if (value.is_structured()) {
      Collect(value, keys, found);
    }
  }
}

void ExpectAll(const json& node, const std::set<std::string>& keys, const std::string& pattern) {
  std::vector<std::string> found;
  Collect(node, keys, &found);
  EXPECT_FALSE(found.empty());
  for (const std::string& one : found) {
    EXPECT_TRUE(std::regex_match(one, std::regex(pattern))) << one;
  }
}

void ExpectNothingEmpty(const json& node, const std::string& path) {
  for (const auto& [key, value] : node.items()) {
    EXPECT_FALSE(value.is_structured() && value.empty()) << path << "/" << key;
    EXPECT_FALSE(value.is_null()) << path << "/" << key;
    if (value.is_structured()) {
      ExpectNothingEmpty(value, path + "/" + key);
    }
  }
}

TEST(ComplianceOscalTest, ValuesHaveTheFormThatTheSchemaWants) {
  for (const v1::AssessResponse& response : {ResponseForTest(), v1::AssessResponse()}) {
    const json results = ResultsOf(response);
    ExpectNothingEmpty(results, "");
    ExpectAll(results,
              {"uuid", "subject-uuid", "observation-uuid", "risk-uuid"},
              "[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    ExpectAll(results,
              {"start", "end", "collected", "deadline", "last-modified"},
              "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z");
    for (const char* const needed : {"uuid", "metadata", "import-ap", "results"}) {
      EXPECT_TRUE(results.contains(needed)) << needed;
    }
  }
  const json results = ResultsOf(ResponseForTest());
  ExpectAll(results, {"control-id", "target-id", "name"}, "[A-Za-z_][A-Za-z0-9._-]*");
  ExpectAll(results["results"], {"value"}, "\\S(.*\\S)?");
}

TEST(ComplianceOscalTest, WhatIsReferredToIsThere) {
  const json results = ResultsOf(ResponseForTest());
  std::vector<std::string> defined;
  std::vector<std::string> meant;
  Collect(results, {"uuid"}, &defined);
  Collect(results, {"subject-uuid", "observation-uuid", "risk-uuid"}, &meant);
  const std::set<std::string> names(defined.begin(), defined.end());
  EXPECT_EQ(names.size(), defined.size()) << "one name, one thing";
  EXPECT_FALSE(meant.empty());
  for (const std::string& one : meant) {
    EXPECT_TRUE(names.contains(one)) << one;
  }
  EXPECT_TRUE(names.contains(results["import-ap"]["href"].get<std::string>().substr(1)));
}

TEST(ComplianceOscalTest, AControlThatAppliesIsAFinding) {
  const json result = ResultsOf(ResponseForTest())["results"][0];
  EXPECT_EQ(result["reviewed-controls"]["control-selections"][0]["include-controls"].size(), 3U);
  ASSERT_EQ(result["findings"].size(), 2U) << "NOWHERE applies nowhere";
  const json broken = result["findings"][0]["target"];
  EXPECT_EQ(broken["target-id"], "CIS-5.2.8");
  EXPECT_EQ(broken["status"]["state"], "not-satisfied");
  EXPECT_EQ(broken["status"]["reason"], "fail");
  const json unknown = result["findings"][1]["target"];
  EXPECT_EQ(unknown["status"]["state"], "not-satisfied") << "silence is no proof";
  EXPECT_EQ(unknown["status"]["reason"], "other");
  EXPECT_EQ(result["findings"][0]["related-observations"].size(), 2U);
  EXPECT_EQ(result["findings"][0]["related-risks"].size(), 1U);
}

TEST(ComplianceOscalTest, WhatIsWaivedIsSatisfiedAndARiskThatSomebodyTook) {
  v1::AssessResponse response = ResponseForTest();
  response.mutable_controls(0)->mutable_hosts()->set_not_compliant(0);
  const json result = ResultsOf(response)["results"][0];
  EXPECT_EQ(result["findings"][0]["target"]["status"]["state"], "satisfied");
  ASSERT_EQ(result["risks"].size(), 1U);
  const json risk = result["risks"][0];
  EXPECT_EQ(risk["status"], "deviation-approved");
  EXPECT_EQ(risk["deadline"], "2030-03-17T17:46:40Z");
  EXPECT_EQ(risk["mitigating-factors"][0]["description"], "recorded");
  response.mutable_findings(1)->mutable_waiver()->set_until_us(32'503'680'000'000'000);
  EXPECT_FALSE(ResultsOf(response)["results"][0]["risks"][0].contains("deadline"))
      << "its dates end with the year 2999";
}

TEST(ComplianceOscalTest, WhatHostsSayIsNoMarkdown) {
  const json evidence =
      ResultsOf(ResponseForTest())["results"][0]["observations"][0]["relevant-evidence"][0];
  EXPECT_THAT(evidence["description"].get<std::string>(),
              HasSubstr("file:/tmp/\\<script\\>\\{0\\}\\</script\\>?\\[31m drifted since"));
  EXPECT_EQ(evidence["props"][0]["value"], "file:/tmp/<script>{0}</script>?[31m");
  EXPECT_EQ(evidence["props"][2]["value"], "recipes/a b/init.lua:2");
}

TEST(ComplianceOscalTest, OnlyTheDateChanges) {
  std::string later = ComplianceOscal(LaterForTest(ResponseForTest()));
  EXPECT_NE(later, ComplianceOscal(ResponseForTest()));
  for (std::size_t at = 0; (at = later.find("2027-01-15T08:01:00Z", at)) != std::string::npos;) {
    later.replace(at, 20, "2027-01-15T08:00:00Z");
  }
  EXPECT_EQ(later, ComplianceOscal(ResponseForTest()));
  v1::AssessResponse other = ResponseForTest();
  other.mutable_findings(0)->set_verdict(v1::VERDICT_COMPLIANT);
  EXPECT_NE(ResultsOf(other)["uuid"], ResultsOf(ResponseForTest())["uuid"]);
}

}  // namespace
}  // namespace fettle::cli
