// SPDX-License-Identifier: Apache-2.0
// Inside cli/fleet only: an assessment in forms that other programs and people take. Nothing here
// prints.
#pragma once

#include <string>
#include <string_view>

#include "fettle/v1/compliance.pb.h"

namespace fettle::cli {

// "compliant", "not compliant", "waived", "not applicable", "unknown".
std::string_view VerdictText(v1::Verdict verdict);

// A line a finding, after a heading (RFC 4180). What could start a formula in a spreadsheet is
// quoted with an apostrophe.
std::string ComplianceCsv(const v1::AssessResponse& response);

// One file without references, which prints well.
std::string ComplianceHtml(const v1::AssessResponse& response);

// A test case a control and host that is not compliant or unknown, and one for each control that is
// fulfilled everywhere.
std::string ComplianceJunit(const v1::AssessResponse& response);

}  // namespace fettle::cli
