// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "agent/undo/store.h"
#include "lib/resource/report.h"

namespace fettle::undo {

// What was undone by hand of runs of the agent and is not told yet, oldest first, as partial
// reports of `host`; told from now on. What a run put back itself stands in its own report. The
// caller holds the run lock.
absl::StatusOr<std::vector<resource::RunReport>> TakeUntold(Store& store, const std::string& host);

}  // namespace fettle::undo
