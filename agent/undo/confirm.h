// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "agent/journal/journal.h"
#include "agent/undo/store.h"
#include "lib/base/clock.h"
#include "lib/resource/report.h"
#include "lib/sys/host.h"

// Commit-confirmed: a change that may cut the host off stands only once the agent has reached its
// server by a new connection; else its run is undone. What waits for that is on disk before the
// change is made, so that a kill or a reboot in between loses nothing.
namespace fettle::undo {

struct Pending {
  enum class Phase : uint8_t {
    kApplying,  // The run goes on, or was killed.
    kWaiting,   // The run is over.
    kUndoing,   // It was not confirmed.
  };

  std::vector<std::string> runs;  // Oldest first: several when some were killed.
  std::string revision;           // Of the latest.
  absl::Duration window;          // How long the agent may take: the longest of `resources`.
  std::set<std::string> resources;
  bool connected = false;  // There was a session with the server when the first run began.
  Phase phase = Phase::kApplying;
  std::string report;   // Once the run is over: what the server is told when it is confirmed.
  std::string why_not;  // Once it is not confirmed: why.
  bool operator==(const Pending&) const = default;
};

// What stands in the state folder; nullopt when nothing (that can be read) does.
std::optional<Pending> ReadPending(const std::string& state_dir);
// Durable.
absl::Status WritePending(const std::string& state_dir, const Pending& pending);
// Durable; OK when there is none.
absl::Status DropPending(const std::string& state_dir);

// Before `resources` are changed, or told of a change, by `run`: written down and durable when it
// returns OK. Joins what there is of an interrupted run.
absl::Status AddPending(const std::string& state_dir, const Pending& news, const std::string& run);

// What UndoPending() needs besides.
struct UndoPendingTask {
  std::string state_dir;
  std::string host;  // Its name, for the report.
  Deadline deadline = Deadline::Never();
  std::function<void(const std::string&)> on_wait = {};
};

// Undoes the runs of `pending`, the last first, and holds back their revision. Can be repeated
// after a kill. The report says of each resource `reverted`, or `failed` with why it could not be
// put back. An error: it has to be tried again.
absl::StatusOr<resource::RunReport> UndoPending(const Pending& pending,
                                                const UndoPendingTask& task,
                                                Store& store,
                                                journal::Journal& journal,
                                                sys::Host& host,
                                                const Clock& clock);

}  // namespace fettle::undo
