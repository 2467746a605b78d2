// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/time/time.h"

#include "server/config/report.h"

namespace fettle::server::schedule {

// The last moment at or before `now` that the times name. Where a clock was put forward over it,
// the moment at which that was.
absl::Time LastDue(const ReportTimes& times, absl::Time now);

}  // namespace fettle::server::schedule
