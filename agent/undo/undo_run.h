// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>

#include "absl/status/statusor.h"

#include "agent/journal/journal.h"
#include "agent/undo/undo.h"
#include "lib/resource/report.h"

namespace fettle::undo {

// What undoing a run as a run of its own needs.
struct UndoTask {
  std::string run;
  std::set<std::string> only = {};  // Resources; empty for all.
  std::string reason = "undo";
  std::string state_dir = {};  // Where the agent of this host is held back; "" for not.
  std::string host = {};       // Its name, for the report.
  Deadline deadline = Deadline::Never();
  std::function<void(const std::string&)> on_wait = {};
  std::vector<Told> told_later = {};  // As in UndoOptions.
  bool until_connected = false;       // As in Hold.
};

// Undoes `task.run` under the run lock: holds the agent back from doing it again at once, puts
// back, forgets in the journal what is no longer as we set it, and reports. An error: nothing was
// done.
absl::StatusOr<resource::RunReport> UndoRun(const UndoTask& task,
                                            Store& store,
                                            journal::Journal& journal,
                                            sys::Host& host,
                                            const Clock& clock);

// What of `undone` concerns the server, as a partial report.
resource::RunReport ReportOf(const Undone& undone,
                             const std::string& run,
                             const std::string& revision,
                             const std::string& host);

}  // namespace fettle::undo
