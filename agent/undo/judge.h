// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "agent/undo/put_back.h"
#include "agent/undo/undo.h"

// How undoing judges a change. For undo.cc alone.
namespace fettle::undo {

// What of one change is to be put back.
struct Judgement {
  Step step;
  std::vector<Wanted> wanted;  // In the order in which they are put back.
};

// What a thing is now, or will be by then.
using Present = std::function<absl::StatusOr<Parts>(const Thing& thing)>;

struct JudgeOptions {
  const Store& store;
  const sys::HostReader& host;
  const std::set<std::string>& only;
  Deadline deadline;
};

// nullopt when the change is none: it was announced, and the run ended without it; or `only` does
// not name it. Views into `run`.
std::optional<Judgement> Judge(const RunRecord& run,
                               std::size_t change,
                               const Present& present,
                               const JudgeOptions& options);

}  // namespace fettle::undo
