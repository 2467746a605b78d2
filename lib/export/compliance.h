// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "fettle/v1/compliance.pb.h"

// An assessment in forms that other programs and people take, for whoever writes them: the command
// line, and the server's scheduled reports. Pure. The same state makes the same bytes, but for the
// date of the assessment.
namespace fettle::exports {

// A line a finding, after a heading (RFC 4180). What could start a formula in a spreadsheet is
// quoted with an apostrophe.
std::string ComplianceCsv(const v1::AssessResponse& response);

// One file without references, which prints well.
std::string ComplianceHtml(const v1::AssessResponse& response);

// A test case a control and host that is not compliant or unknown, and one for each control that is
// fulfilled everywhere.
std::string ComplianceJunit(const v1::AssessResponse& response);

// A JSON object a finding and line, which says all that there is to say of it.
std::string ComplianceJsonLines(const v1::AssessResponse& response);

}  // namespace fettle::exports
