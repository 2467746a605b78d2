// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lib/resource/report.h"

namespace fettle::engine {

// The report as one JSON object, for programs: the names of the fields are those of RunReport,
// states and causes are the plain words, times are RFC 3339, durations are milliseconds. Text that
// is not UTF-8 has its wrong bytes replaced. Fields are only ever added.
std::string ReportJson(const resource::RunReport& report);

}  // namespace fettle::engine
