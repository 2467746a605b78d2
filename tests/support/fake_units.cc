// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_units.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/status_macros.h"

namespace fettle::testing {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;

std::string AdminFragment(const std::string& name) {
  return fmt::format("/etc/systemd/system/{}", name);
}

// Where a unit's file of its own is; nullopt without one.
std::optional<std::string> OwnFragment(const FakeFiles& files, const std::string& name) {
  for (const char* const folder : {"/etc/systemd/system", "/run/systemd/system"}) {
    std::string path = fmt::format("{}/{}", folder, name);
    if (files.Exists(path)) {
      return path;
    }
  }
  return std::nullopt;
}

// "getty@tty1.service" → "getty@.service"; "" for what is no instance.
std::string TemplateOf(const std::string& name) {
  const std::size_t at = name.find('@');
  const std::size_t dot = name.rfind('.');
  if (at == std::string::npos || dot == std::string::npos || dot < at + 2) {
    return "";
  }
  return name.substr(0, at + 1) + name.substr(dot);
}

void SetInactive(sys::UnitState* state) {
  state->active_state = "inactive";
  state->sub_state = "dead";
}

}  // namespace

FakeUnits::FakeUnits(FakeCalls& calls, FakeClock& clock, const FakeFiles& files)
    : calls_(calls), clock_(clock), files_(files) {}

void FakeUnits::Add(const std::string& name, const std::string& unit_file_state) {
  const Lock lock(calls_.mutex());
  Loaded unit;
  unit.state.load_state = "loaded";
  unit.state.unit_file_state = unit_file_state;
  unit.state.fragment_path = fmt::format("/lib/systemd/system/{}", name);
  unit.state.type = "simple";
  unit.state.can_reload = true;
  unit.state.result = "success";
  SetInactive(&unit.state);
  unit.unmasked_file_state = unit_file_state;
  if (const auto text = files_.Content(AdminFragment(name)); text.has_value()) {
    unit.state.fragment_path = AdminFragment(name);
    unit.fragment_seen = *text;
  }
  units_[name] = std::move(unit);
}

void FakeUnits::Forget(const std::string& name) {
  const Lock lock(calls_.mutex());
  units_.erase(name);
}

sys::UnitState& FakeUnits::Edit(const std::string& name) {
  const Lock lock(calls_.mutex());
  Loaded* const unit = Load(name);
  if (unit == nullptr) {
    std::cerr << "FakeUnits: no unit " << name << "\n";
    std::abort();
  }
  return unit->state;
}

void FakeUnits::Activate(const std::string& name) {
  const Lock lock(calls_.mutex());
  sys::UnitState& state = Edit(name);
  clock_.Advance(absl::Microseconds(1));
  state.active_state = "active";
  state.sub_state = "running";
  state.active_since = clock_.Now();
  state.started_at = clock_.Now();
}

void FakeUnits::Deactivate(const std::string& name) {
  const Lock lock(calls_.mutex());
  SetInactive(&Edit(name));
}

void FakeUnits::BreakStart(const std::string& name, const std::string& reason) {
  const Lock lock(calls_.mutex());
  Edit(name);  // Aborts when it was never added.
  units_[name].start_failure = reason;
}

void FakeUnits::AddJournal(const std::string& name, const std::string& line) {
  const Lock lock(calls_.mutex());
  units_[name].journal.push_back(line);
}

void FakeUnits::Boot() {
  const Lock lock(calls_.mutex());
  for (auto& [name, unit] : units_) {
    SetInactive(&unit.state);
    if (unit.state.unit_file_state == "enabled") {
      Activate(name);
    }
  }
}

bool FakeUnits::Stale(const Loaded& unit) const {
  const std::optional<std::string> text = files_.Content(unit.state.fragment_path);
  return text.value_or("") != unit.fragment_seen;
}

FakeUnits::Loaded* FakeUnits::Load(const std::string& name) const {
  auto found = units_.find(name);
  if (found != units_.end() && !found->second.state.load_state.empty()) {
    return &found->second;
  }
  const std::string origin = TemplateOf(name);
  const std::optional<std::string> own_file = OwnFragment(files_, name);
  const bool from_template =
      !origin.empty() && (units_.contains(origin) || files_.Exists(AdminFragment(origin)));
  if (!own_file.has_value() && !from_template) {
    return nullptr;
  }
  const std::string fragment = own_file.value_or(AdminFragment(origin));
  Loaded unit;
  unit.state.load_state = "loaded";
  unit.state.unit_file_state = "disabled";
  unit.state.fragment_path = fragment;
  unit.state.type = "simple";
  unit.state.can_reload = true;
  SetInactive(&unit.state);
  unit.unmasked_file_state = "disabled";
  unit.fragment_seen = files_.Content(fragment).value_or("");
  units_[name] = std::move(unit);
  return &units_[name];
}

absl::StatusOr<sys::UnitState> FakeUnits::Unit(const std::string& name, Deadline deadline) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("Unit {}", name), deadline));
  if (missing_) {
    return Unavailable("no systemd here (a container?)");
  }
  const Loaded* const unit = Load(name);
  if (unit == nullptr) {
    sys::UnitState none;
    none.load_state = "not-found";
    SetInactive(&none);
    return none;
  }
  sys::UnitState state = unit->state;
  state.needs_daemon_reload = Stale(*unit);
  return state;
}

std::vector<std::string> FakeUnits::JournalTail(const std::string& name, std::size_t lines) const {
  const Lock lock(calls_.mutex());
  const auto found = units_.find(name);
  if (!calls_.Begin(false, fmt::format("JournalTail {}", name)).ok() || found == units_.end()) {
    return {};
  }
  std::vector<std::string> tail = found->second.journal;
  if (tail.size() > lines) {
    tail.erase(tail.begin(), tail.end() - static_cast<std::ptrdiff_t>(lines));
  }
  return tail;
}

absl::StatusOr<FakeUnits::Loaded*> FakeUnits::BeginOn(const char* verb,
                                                      const std::string& name,
                                                      Deadline deadline) {
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("{} {}", verb, name), deadline));
  if (missing_) {
    return Unavailable("no systemd here (a container?)");
  }
  Loaded* const unit = Load(name);
  if (unit == nullptr) {
    return NotFound("{}: unit not found", name);
  }
  return unit;
}

absl::Status FakeUnits::StartLoaded(Loaded* unit, const std::string& name) {
  if (unit->state.masked()) {
    return FailedPrecondition("{}: unit is masked", name);
  }
  if (!unit->start_failure.empty()) {
    unit->journal.push_back(unit->start_failure);
    unit->state.active_state = "failed";
    unit->state.sub_state = "failed";
    unit->state.result = "exit-code";
    return FailedPrecondition("{}: start failed: {}", name, unit->start_failure);
  }
  Activate(name);
  unit->state.result = "success";
  if (unit->state.type == "oneshot") {
    unit->state.sub_state = "exited";
    if (!unit->state.remain_after_exit) {
      SetInactive(&unit->state);
    }
  }
  return absl::OkStatus();
}

absl::Status FakeUnits::Start(const std::string& name, Deadline deadline) {
  const Lock lock(calls_.mutex());
  ASSIGN_OR_RETURN(Loaded* const unit, BeginOn("Start", name, deadline));
  absl::Status done = unit->state.active() ? absl::OkStatus() : StartLoaded(unit, name);
  calls_.Wrote();
  return done;
}

absl::Status FakeUnits::Stop(const std::string& name, Deadline deadline) {
  const Lock lock(calls_.mutex());
  ASSIGN_OR_RETURN(Loaded* const unit, BeginOn("Stop", name, deadline));
  SetInactive(&unit->state);
  calls_.Wrote();
  return absl::OkStatus();
}

absl::Status FakeUnits::Restart(const std::string& name, Deadline deadline) {
  const Lock lock(calls_.mutex());
  ASSIGN_OR_RETURN(Loaded* const unit, BeginOn("Restart", name, deadline));
  absl::Status done = unit->state.active() ? StartLoaded(unit, name) : absl::OkStatus();
  calls_.Wrote();
  return done;
}

absl::Status FakeUnits::Reload(const std::string& name, Deadline deadline) {
  const Lock lock(calls_.mutex());
  ASSIGN_OR_RETURN(Loaded* const unit, BeginOn("Reload", name, deadline));
  if (unit->state.active() && !unit->state.can_reload) {
    return FailedPrecondition("{}: job type reload is not applicable", name);
  }
  calls_.Wrote();
  return absl::OkStatus();
}

absl::Status FakeUnits::Enable(const std::string& name, Deadline deadline) {
  const Lock lock(calls_.mutex());
  ASSIGN_OR_RETURN(Loaded* const unit, BeginOn("Enable", name, deadline));
  if (unit->state.masked()) {
    return FailedPrecondition("{}: unit file is masked", name);
  }
  // Static, indirect, generated … units: systemctl says OK and does nothing.
  if (unit->state.unit_file_state == "disabled") {
    unit->state.unit_file_state = "enabled";
  }
  calls_.Wrote();
  return absl::OkStatus();
}

absl::Status FakeUnits::Disable(const std::string& name, Deadline deadline) {
  const Lock lock(calls_.mutex());
  ASSIGN_OR_RETURN(Loaded* const unit, BeginOn("Disable", name, deadline));
  if (unit->state.unit_file_state == "enabled") {
    unit->state.unit_file_state = "disabled";
  }
  calls_.Wrote();
  return absl::OkStatus();
}

absl::Status FakeUnits::Mask(const std::string& name, Deadline deadline) {
  const Lock lock(calls_.mutex());
  ASSIGN_OR_RETURN(Loaded* const unit, BeginOn("Mask", name, deadline));
  if (!unit->state.masked()) {
    if (files_.Exists(AdminFragment(name))) {
      return FailedPrecondition("{}: File {} already exists", name, AdminFragment(name));
    }
    unit->unmasked_file_state = std::exchange(unit->state.unit_file_state, std::string("masked"));
    unit->state.load_state = "masked";
  }
  calls_.Wrote();
  return absl::OkStatus();
}

absl::Status FakeUnits::Unmask(const std::string& name, Deadline deadline) {
  const Lock lock(calls_.mutex());
  ASSIGN_OR_RETURN(Loaded* const unit, BeginOn("Unmask", name, deadline));
  if (unit->state.masked()) {
    unit->state.unit_file_state = unit->unmasked_file_state;
    unit->state.load_state = "loaded";
  }
  calls_.Wrote();
  return absl::OkStatus();
}

absl::Status FakeUnits::ReloadManager(Deadline deadline) {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(true, "ReloadManager", deadline));
  if (missing_) {
    return Unavailable("no systemd here (a container?)");
  }
  for (auto& [name, unit] : units_) {
    if (files_.Exists(AdminFragment(name))) {
      unit.state.fragment_path = AdminFragment(name);
    }
    unit.fragment_seen = files_.Content(unit.state.fragment_path).value_or("");
  }
  calls_.Wrote();
  return absl::OkStatus();
}

}  // namespace fettle::testing
