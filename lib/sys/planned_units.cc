// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/planned_units.h"

#include <array>
#include <utility>

#include "lib/base/status_macros.h"

namespace fettle::sys {
namespace {

constexpr std::array<const char*, 4> kFolders = {"/etc/systemd/system/",
                                                 "/run/systemd/system/",
                                                 "/usr/lib/systemd/system/",
                                                 "/lib/systemd/system/"};
constexpr uint64_t kMostBytes = 1 << 20;

absl::Status Noted() {
  return absl::CancelledError("planned");
}

// "getty@.service" for "getty@tty1.service"; "" if it is no instance.
std::string TemplateOf(const std::string& name) {
  const std::size_t at = name.find('@');
  const std::size_t dot = name.rfind('.');
  if (at == std::string::npos || dot == std::string::npos || dot <= at + 1) {
    return "";
  }
  return name.substr(0, at + 1) + name.substr(dot);
}

}  // namespace

std::string PlannedUnits::FindFile(const std::string& name) const {
  const std::string pattern = TemplateOf(name);
  for (const char* folder : kFolders) {
    if (files_.Has(folder + name)) {
      return folder + name;
    }
    if (!pattern.empty() && files_.Has(folder + pattern)) {
      return folder + pattern;
    }
  }
  return "";
}

UnitState PlannedUnits::Foreseen(const std::string& name, UnitState now) const {
  const std::string file = FindFile(name);
  if (file.empty() && !world_.clouded()) {
    return now;
  }
  now.load_state = "loaded";
  now.active_state = "inactive";
  now.sub_state = "dead";
  now.unit_file_state = "disabled";
  now.fragment_path = file;
  world_.Rely(file.empty() ? Confidence::kLow : Confidence::kPredicted);
  const absl::StatusOr<std::string> text =
      file.empty() ? NotFound("no file") : files_.Read(file, kMostBytes);
  if (text.ok() && text->find("[Install]") == std::string::npos) {
    now.unit_file_state = "static";
  }
  if (text.ok() && text->find("Type=oneshot") != std::string::npos) {
    now.type = "oneshot";
  }
  return now;
}

absl::StatusOr<UnitState> PlannedUnits::Unit(const std::string& name, Deadline deadline) const {
  const auto at = units_.find(name);
  if (at != units_.end()) {
    world_.Rely(Confidence::kPredicted);
    return at->second;
  }
  ASSIGN_OR_RETURN(UnitState now, base_.Unit(name, deadline));
  if (now.exists()) {
    return now;
  }
  return Foreseen(name, std::move(now));
}

std::vector<std::string> PlannedUnits::JournalTail(const std::string& name,
                                                   std::size_t lines) const {
  return base_.JournalTail(name, lines);
}

absl::Status PlannedUnits::Start(const std::string& name, Deadline deadline) {
  ASSIGN_OR_RETURN(UnitState unit, Unit(name, deadline));
  unit.active_state = "active";
  unit.sub_state = "running";
  units_[name] = unit;
  world_.Note("start " + name);
  return Noted();
}

absl::Status PlannedUnits::Stop(const std::string& name, Deadline deadline) {
  ASSIGN_OR_RETURN(UnitState unit, Unit(name, deadline));
  unit.active_state = "inactive";
  unit.sub_state = "dead";
  units_[name] = unit;
  world_.Note("stop " + name);
  return absl::OkStatus();
}

absl::Status PlannedUnits::Restart(const std::string& name, Deadline /*deadline*/) {
  world_.Note("restart " + name);
  return Noted();
}

absl::Status PlannedUnits::Reload(const std::string& name, Deadline /*deadline*/) {
  world_.Note("reload " + name);
  return Noted();
}

absl::Status PlannedUnits::Enable(const std::string& name, Deadline deadline) {
  ASSIGN_OR_RETURN(UnitState unit, Unit(name, deadline));
  unit.unit_file_state = "enabled";
  units_[name] = unit;
  world_.Note("enable " + name);
  return absl::OkStatus();
}

absl::Status PlannedUnits::Disable(const std::string& name, Deadline deadline) {
  ASSIGN_OR_RETURN(UnitState unit, Unit(name, deadline));
  unit.unit_file_state = "disabled";
  units_[name] = unit;
  world_.Note("disable " + name);
  return absl::OkStatus();
}

absl::Status PlannedUnits::Mask(const std::string& name, Deadline deadline) {
  ASSIGN_OR_RETURN(UnitState unit, Unit(name, deadline));
  unit.load_state = "masked";
  unit.unit_file_state = "masked";
  units_[name] = unit;
  world_.Note("mask " + name);
  return absl::OkStatus();
}

absl::Status PlannedUnits::Unmask(const std::string& name, Deadline deadline) {
  ASSIGN_OR_RETURN(UnitState unit, Unit(name, deadline));
  unit.load_state = "loaded";
  unit.unit_file_state = "disabled";
  units_[name] = unit;
  world_.Note("unmask " + name);
  return absl::OkStatus();
}

absl::Status PlannedUnits::ReloadManager(Deadline /*deadline*/) {
  return absl::OkStatus();
}

}  // namespace fettle::sys
