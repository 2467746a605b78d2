// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/fleet/compliance_export.h"
#include "lib/export/compliance_for_test.h"

namespace fettle::cli {
namespace {

using exports::LaterForTest;
using exports::ResponseForTest;
using ::testing::HasSubstr;
using ::testing::Not;

// The rule-result of a rule in the test result of a host.
std::string ResultOf(const std::string& xml, const std::string& host, const std::string& rule) {
  const std::size_t test = xml.find("xccdf_fettle_testresult_" + host);
  const std::size_t begin = xml.find("idref=\"xccdf_fettle_rule_" + rule, test);
  EXPECT_NE(test, std::string::npos);
  EXPECT_NE(begin, std::string::npos);
  return begin == std::string::npos ? ""
                                    : xml.substr(begin, xml.find("</rule-result>", begin) - begin);
}

TEST(ComplianceXccdfTest, AControlIsARuleAndAHostATestResult) {
  const std::string xml = ComplianceXccdf(ResponseForTest());
  EXPECT_THAT(xml,
              HasSubstr("<Rule id=\"xccdf_fettle_rule_CIS-5.2.8\" selected=\"true\" "
                        "severity=\"high\">\n    <title>No &lt;root&gt; by &quot;ssh&quot;"
                        "</title>\n    <reference>PCI-DSS 2.2.4</reference>"));
  EXPECT_THAT(xml, HasSubstr("<target>web1</target>"));
  EXPECT_THAT(xml, HasSubstr("maximum=\"100\">50.0000</score>"));
  EXPECT_THAT(ResultOf(xml, "web1", "CIS-5.2.8"), HasSubstr("<result>fail</result>"));
  EXPECT_THAT(ResultOf(xml, "web2", "own"), HasSubstr("<result>unknown</result>"));
  EXPECT_THAT(ResultOf(xml, "web1", "own"), HasSubstr("<result>pass</result>"));
  EXPECT_THAT(ResultOf(xml, "web1", "NOWHERE"), HasSubstr("<result>notapplicable</result>"));
}

TEST(ComplianceXccdfTest, AWaiverOverridesWhatWasFoundAndSaysSo) {
  const std::string waived = ResultOf(ComplianceXccdf(ResponseForTest()), "web2", "CIS-5.2.8");
  EXPECT_THAT(waived, HasSubstr("<result>pass</result>"));
  EXPECT_THAT(waived, HasSubstr("authority=\"ann\"><old-result>fail</old-result>"));
  EXPECT_THAT(waived, HasSubstr("vendor (approved by ann; instead: recorded)"));
  v1::AssessResponse ended = ResponseForTest();
  ended.mutable_findings(1)->set_verdict(v1::VERDICT_NOT_COMPLIANT);
  ended.mutable_findings(1)->mutable_waiver()->set_ended(true);
  const std::string after = ResultOf(ComplianceXccdf(ended), "web2", "CIS-5.2.8");
  EXPECT_THAT(after, HasSubstr("<result>fail</result>"));
  EXPECT_THAT(after, HasSubstr("<message severity=\"warning\">waiver ENDED"));
}

TEST(ComplianceXccdfTest, WhatHostsSayIsNeverMarkup) {
  const std::string xml = ComplianceXccdf(ResponseForTest());
  EXPECT_THAT(xml, HasSubstr("<message severity=\"error\">file:/tmp/&lt;script&gt;{0}"));
  EXPECT_THAT(xml, Not(HasSubstr("<script>")));
  EXPECT_THAT(xml, Not(HasSubstr("\x1b")));
}

TEST(ComplianceXccdfTest, OnlyTheDateChanges) {
  std::string later = ComplianceXccdf(LaterForTest(ResponseForTest()));
  for (std::size_t at = 0; (at = later.find("2027-01-15T08:01:00Z", at)) != std::string::npos;) {
    later.replace(at, 20, "2027-01-15T08:00:00Z");
  }
  EXPECT_EQ(later, ComplianceXccdf(ResponseForTest()));
}

}  // namespace
}  // namespace fettle::cli
