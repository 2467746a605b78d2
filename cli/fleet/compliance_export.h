// SPDX-License-Identifier: Apache-2.0
// Inside cli/fleet only: an assessment in forms that other programs and people take. Nothing here
// prints. The same state makes the same bytes, but for the date of the assessment.
#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "fettle/v1/compliance.pb.h"
#include "lib/export/compliance.h"

namespace fettle::cli {

using exports::ComplianceCsv;
using exports::ComplianceHtml;
using exports::ComplianceJsonLines;
using exports::ComplianceJunit;

// SARIF 2.1.0 (OASIS): a rule a control, a result a finding, at the lines of the recipes that
// declare what is off. What is waived is suppressed, what is unknown is open.
std::string ComplianceSarif(const v1::AssessResponse& response);

// Assessment results of OSCAL 1.1.3 (NIST), JSON: a finding a control, an observation a control and
// host, a risk a waiver. `response` holds every finding that applies, compliant ones too.
std::string ComplianceOscal(const v1::AssessResponse& response);

// A benchmark of XCCDF 1.2 (NIST): a rule a control, a test result a host, an override a waiver.
// `response` as above.
std::string ComplianceXccdf(const v1::AssessResponse& response);

// A report for people: score, controls, hosts and findings on numbered pages (pdf_pages.h).
// `scope` says which hosts and controls it is about. kInternal when it could not be made.
absl::StatusOr<std::string> CompliancePdf(const v1::AssessResponse& response,
                                          const std::string& scope);

}  // namespace fettle::cli
