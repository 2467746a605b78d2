// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "lib/sys/bus.h"
#include "lib/sys/units.h"

namespace fettle::sys {

// systemd's units, over its bus interface. Safe from many threads. Every look is one call and
// always fresh: a unit's state is no file to be read once a pass, and the call costs some 0.2 ms.
// Looks share one connection, which is made anew when it is lost; every change has a connection of
// its own, so that a start that takes minutes keeps nobody from looking.
class LinuxUnits final : public UnitReader, public UnitWriter {
 public:
  absl::StatusOr<UnitState> Unit(const std::string& name, Deadline deadline) const override;
  std::vector<std::string> JournalTail(const std::string& name, std::size_t lines) const override;

  absl::Status Start(const std::string& name, Deadline deadline) override;
  absl::Status Stop(const std::string& name, Deadline deadline) override;
  absl::Status Restart(const std::string& name, Deadline deadline) override;
  absl::Status Reload(const std::string& name, Deadline deadline) override;
  absl::Status Enable(const std::string& name, Deadline deadline) override;
  absl::Status Disable(const std::string& name, Deadline deadline) override;
  absl::Status Mask(const std::string& name, Deadline deadline) override;
  absl::Status Unmask(const std::string& name, Deadline deadline) override;
  absl::Status ReloadManager(Deadline deadline) override;

  // Names of all units that are active now; empty without systemd.
  std::vector<std::string> ActiveUnits() const;

 private:
  absl::StatusOr<BusProperties> Properties(const std::string& name, Deadline deadline) const;

  // Queues a job by `method` (StartUnit …) and waits for its end.
  absl::Status RunJob(const char* method, const std::string& name, Deadline deadline);

  absl::Status WithJournal(const absl::Status& status, const std::string& name) const;

  mutable absl::Mutex mutex_;
  mutable std::optional<Bus> looks_ ABSL_GUARDED_BY(mutex_);
};

// Whether `name` is a unit name with its suffix. kInvalidArgument says why not.
absl::Status CheckUnitName(const std::string& name);

// What systemd's properties say, as a UnitState.
UnitState UnitStateOf(const BusProperties& properties);

// What the result of a job ("done", "failed", "timeout" …) means; OK for "done".
absl::Status JobStatus(const std::string& result, const char* method, const std::string& name);

}  // namespace fettle::sys
