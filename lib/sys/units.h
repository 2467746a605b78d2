// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/base/deadline.h"

namespace fettle::sys {

// What systemd says of a unit. Four separate axes: active, enabled, masked, and whether enabling
// applies at all.
struct UnitState {
  std::string load_state;  // "loaded", "not-found", "masked", "error", "bad-setting".
  std::string
      active_state;  // "active", "reloading", "inactive", "failed", "activating", "deactivating".
  std::string sub_state;        // "running", "exited", "dead" …
  std::string unit_file_state;  // "enabled", "enabled-runtime", "disabled", "static", "indirect",
                                // "alias", "generated", "transient", "linked", "masked",
                                // "masked-runtime", "" when there is no unit file.
  std::string fragment_path;
  std::string type;  // Services: "simple", "oneshot", "notify" …
  bool needs_daemon_reload = false;
  bool can_reload = false;
  bool remain_after_exit = false;
  absl::Time active_since = absl::InfinitePast();  // Last change to active (ActiveEnterTimestamp).
  absl::Time started_at =
      absl::InfinitePast();  // When its main process (or the unit, without one) last started.
  std::string result;        // "success", "exit-code", "timeout" … of the last run.
  std::vector<std::string> triggered_by;  // Sockets, timers, paths that would start it again.

  bool exists() const { return load_state != "not-found"; }

  bool active() const { return active_state == "active" || active_state == "reloading"; }

  bool masked() const { return unit_file_state == "masked" || unit_file_state == "masked-runtime"; }
};

// Looks at units. `name` has its suffix ("nginx.service"). kUnavailable: no systemd here
// (container, rescue), said plainly.
class UnitReader {
 public:
  virtual ~UnitReader() = default;

  // Never kNotFound: a missing unit has load_state "not-found".
  virtual absl::StatusOr<UnitState> Unit(const std::string& name, Deadline deadline) const = 0;

  // The last lines of the unit's journal, newest last, for error messages. Empty when there are
  // none.
  virtual std::vector<std::string> JournalTail(const std::string& name,
                                               std::size_t lines) const = 0;
};

// Changes units and waits until the job is done. On failure the message ends with the unit's last
// journal lines.
class UnitWriter {
 public:
  virtual ~UnitWriter() = default;

  virtual absl::Status Start(const std::string& name, Deadline deadline) = 0;
  virtual absl::Status Stop(const std::string& name, Deadline deadline) = 0;
  // Restarts it if it is active; nothing otherwise (systemd's try-restart).
  virtual absl::Status Restart(const std::string& name, Deadline deadline) = 0;
  // Reloads it if it is active; kFailedPrecondition if it cannot reload.
  virtual absl::Status Reload(const std::string& name, Deadline deadline) = 0;
  virtual absl::Status Enable(const std::string& name, Deadline deadline) = 0;
  virtual absl::Status Disable(const std::string& name, Deadline deadline) = 0;
  virtual absl::Status Mask(const std::string& name, Deadline deadline) = 0;
  virtual absl::Status Unmask(const std::string& name, Deadline deadline) = 0;
  // daemon-reload; once for any number of changed unit files.
  virtual absl::Status ReloadManager(Deadline deadline) = 0;
};

}  // namespace fettle::sys
