// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/compliance_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

v1::AssessResponse Response() {
  v1::AssessResponse response;
  response.set_taken_us(1'800'000'000'000'000);
  response.mutable_counts()->set_not_compliant(1);
  v1::ControlSummary& control = *response.add_controls();
  control.set_id("CIS-5.2.8");
  control.set_title("No <root> by \"ssh\"");
  control.set_severity("high");
  control.mutable_hosts()->set_not_compliant(1);
  response.add_controls()->set_id("FINE");
  v1::ControlFinding& finding = *response.add_findings();
  finding.set_control("CIS-5.2.8");
  finding.set_host("=cmd()");
  finding.set_verdict(v1::VERDICT_NOT_COMPLIANT);
  v1::ControlEvidence& evidence = *finding.add_evidence();
  evidence.set_resource("file:/tmp/<script>alert(1)</script>\x1b[31m");
  evidence.set_state(v1::STATE_DRIFTED);
  evidence.set_since_us(1'700'000'000'000'000);
  finding.mutable_waiver()->set_ended(true);
  finding.mutable_waiver()->set_reason("vendor");
  return response;
}

TEST(ComplianceExportTest, CsvQuotesAndRunsNoFormula) {
  const std::string csv = ComplianceCsv(Response());
  EXPECT_THAT(csv, StartsWith("\"control\",\"title\",\"severity\",\"host\",\"verdict\","));
  EXPECT_THAT(csv,
              HasSubstr("\"No <root> by \"\"ssh\"\"\",\"high\",\"'=cmd()\",\"not compliant\""));
  EXPECT_THAT(csv, HasSubstr("drifted since 2023-11-14T22:13:20Z"));
  EXPECT_THAT(csv, HasSubstr("waiver ENDED"));
}

TEST(ComplianceExportTest, WhatHostsSayIsNeverMarkup) {
  for (const std::string& text : {ComplianceHtml(Response()), ComplianceJunit(Response())}) {
    EXPECT_THAT(text, HasSubstr("file:/tmp/&lt;script&gt;alert(1)&lt;/script&gt;?[31m"));
    EXPECT_THAT(text, Not(HasSubstr("<script>")));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  }
  EXPECT_THAT(ComplianceHtml(Response()), HasSubstr("No &lt;root&gt; by &quot;ssh&quot;"));
}

TEST(ComplianceExportTest, WhatIsNotKnownIsSaidInEveryFormThatHasRoomForIt) {
  v1::AssessResponse response = Response();
  response.add_hosts()->set_host("web1");
  response.add_caveats("labels are those of now");
  for (const std::string& text : {ComplianceHtml(response),
                                  ComplianceSarif(response),
                                  ComplianceOscal(response),
                                  ComplianceXccdf(response),
                                  CompliancePdf(response, "all").value()}) {
    EXPECT_THAT(text, HasSubstr("labels are those of now"));
  }
}

TEST(ComplianceExportTest, HtmlRefersToNothingOutside) {
  const std::string html = ComplianceHtml(Response());
  EXPECT_THAT(html, Not(HasSubstr("http")));
  EXPECT_THAT(html, Not(HasSubstr("src=")));
  EXPECT_THAT(html, HasSubstr("Compliance, 2027-01-15T08:00:00Z"));
}

TEST(ComplianceExportTest, JunitCountsWhatIsNotCompliantAsFailed) {
  EXPECT_THAT(ComplianceJunit(Response()), HasSubstr("tests=\"2\" failures=\"1\" skipped=\"0\""));
  EXPECT_THAT(ComplianceJunit(Response()), HasSubstr("name=\"every host\""));
  v1::AssessResponse waived = Response();
  waived.mutable_findings(0)->set_verdict(v1::VERDICT_WAIVED);
  EXPECT_THAT(ComplianceJunit(waived), HasSubstr("tests=\"2\" failures=\"0\" skipped=\"1\""));
}

}  // namespace
}  // namespace fettle::cli
