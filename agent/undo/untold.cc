// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/untold.h"

#include <algorithm>
#include <utility>

#include "agent/undo/undo_run.h"
#include "lib/base/status_macros.h"

namespace fettle::undo {
namespace {

constexpr char kByHand[] = "undo";  // UndoTask::reason.

// The last that came to an end; null for none.
const Undone* LastByHand(const RunRecord& run) {
  const auto found = std::find_if(run.undone.rbegin(), run.undone.rend(), [](const Undone& one) {
    return one.reason == kByHand && !one.outcomes.empty();
  });
  return found == run.undone.rend() ? nullptr : &*found;
}

}  // namespace

absl::StatusOr<std::vector<resource::RunReport>> TakeUntold(Store& store, const std::string& host) {
  std::vector<resource::RunReport> reports;
  ASSIGN_OR_RETURN(const std::vector<std::string> runs, store.Runs());
  for (const std::string& run : runs) {
    const absl::StatusOr<RunRecord> record = store.Read(run);
    if (!record.ok() || !record->untold || record->began.revision.empty()) {
      continue;
    }
    if (const Undone* const undone = LastByHand(*record); undone != nullptr) {
      reports.push_back(ReportOf(*undone, run, record->began.revision, host));
    }
    RETURN_IF_ERROR(store.Append(run, Reported{}));
  }
  RETURN_IF_ERROR(store.Sync());
  return reports;
}

}  // namespace fettle::undo
