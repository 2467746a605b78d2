// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/sys/planned_files.h"
#include "lib/sys/planned_world.h"
#include "lib/sys/units.h"

namespace fettle::sys {

// Units as they would be after the planned steps. Start, Restart and Reload answer kCancelled once
// they are noted: what a resource would do afterwards is to wait for the unit, which a plan cannot.
class PlannedUnits final : public UnitReader, public UnitWriter {
 public:
  PlannedUnits(const UnitReader& base, const PlannedFiles& files, PlannedWorld& world)
      : base_(base), files_(files), world_(world) {}

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

 private:
  // The state that a unit would have which planned steps bring; "not-found" if none does.
  UnitState Foreseen(const std::string& name, UnitState now) const;
  std::string FindFile(const std::string& name) const;

  const UnitReader& base_;
  const PlannedFiles& files_;
  PlannedWorld& world_;
  std::map<std::string, UnitState> units_;
};

}  // namespace fettle::sys
