// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/fleet/compliance_export.h"
#include "lib/export/compliance_for_test.h"
#include "tests/support/status_matchers.h"

namespace fettle::cli {
namespace {

using exports::ResponseForTest;
using ::testing::HasSubstr;

TEST(CompliancePdfTest, ItSaysWhenOfWhatAndHowItStands) {
  v1::AssessResponse response = ResponseForTest();
  response.mutable_counts()->set_score(0.5);
  response.add_caveats("labels are those of now");
  response.mutable_hosts(1)->set_host("web-\xe4\xb8\xad");
  const auto pdf = CompliancePdf(response, "all hosts, framework PCI-DSS");
  ASSERT_OK(pdf);
  for (const char* const shown :
       {"(Compliance) Tj",
        "As of 2027-01-15T08:00:00Z. Scope: all hosts, framework PCI-DSS.",
        "Score: 50.0 \\045 of what applies.",
        "Note: labels are those of now",
        "(CIS-5.2.8) Tj",
        "(r7) Tj",
        "web-\\134u\\1734e2d\\175",
        "(not compliant",
        "(1 \\057 1) Tj"}) {
    EXPECT_THAT(*pdf, HasSubstr(shown));
  }
}

TEST(CompliancePdfTest, AnEmptyFleetHasAReportToo) {
  EXPECT_OK(CompliancePdf(v1::AssessResponse(), "all hosts"));
}

TEST(CompliancePdfTest, WhatWasCutIsSaid) {
  v1::AssessResponse response = ResponseForTest();
  response.set_findings_cut(true);
  EXPECT_THAT(CompliancePdf(response, "all hosts").value(), HasSubstr("there are more"));
}

}  // namespace
}  // namespace fettle::cli
