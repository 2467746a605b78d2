// SPDX-License-Identifier: Apache-2.0
#include "modules/service/service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include <fmt/ranges.h>

#include "lib/base/status_macros.h"
#include "lib/sys/host.h"
#include "modules/service/unit_rules.h"

namespace fettle::modules {
namespace {

using resource::Attributes;
using resource::Difference;
using resource::Reaction;
using resource::RefreshKind;
using resource::Value;
using sys::UnitState;

constexpr std::string_view kAlias = "alias";

std::optional<bool> Declared(const Attributes& attributes, std::string_view name) {
  if (!attributes.Has(name)) {
    return std::nullopt;
  }
  return attributes.Bool(name, false);
}

bool Lists(std::span<const Difference> drift, std::string_view attribute) {
  return std::any_of(drift.begin(), drift.end(), [attribute](const Difference& one) {
    return one.attribute == attribute;
  });
}

bool Masked(const UnitState& unit) {
  return unit.masked() || unit.load_state == "masked";
}

bool Enabled(const UnitState& unit) {
  return unit.unit_file_state == "enabled";
}

// Enabled in any way, also one that does not outlast a reboot.
bool EnabledSomehow(const UnitState& unit) {
  return Enabled(unit) || unit.unit_file_state == "enabled-runtime";
}

// A oneshot without RemainAfterExit is never active for long: it counts as running once it has run
// well since boot.
bool DoneOneshot(const UnitState& unit) {
  return unit.type == "oneshot" && !unit.remain_after_exit && unit.active_state == "inactive" &&
         unit.result == "success" && unit.started_at > absl::InfinitePast();
}

bool Stopped(const UnitState& unit) {
  return unit.active_state.empty() || unit.active_state == "inactive" ||
         unit.active_state == "failed";
}

// What `running` is now, as text where that says more than false.
Value RunningNow(const UnitState& unit) {
  if (!unit.exists()) {
    return "not found";
  }
  if (unit.active_state == "failed") {
    return "failed";
  }
  return !Stopped(unit);
}

Value EnabledNow(const UnitState& unit) {
  if (!unit.exists()) {
    return "not found";
  }
  if (Enabled(unit) || unit.unit_file_state == "disabled" || unit.unit_file_state.empty()) {
    return Enabled(unit);
  }
  return unit.unit_file_state;
}

std::string BaseName(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

class ServiceResource final : public resource::Resource,
                              public resource::Refreshable,
                              public resource::Describable {
 public:
  ServiceResource(std::string_view name, const Attributes& attributes)
      : unit_(UnitName(name)),
        running_(Declared(attributes, "running")),
        enabled_(Declared(attributes, "enabled")),
        masked_(Declared(attributes, "masked")),
        settle_(attributes.Duration("settle", absl::ZeroDuration())),
        reload_instead_(attributes.String("restart", "restart") == "reload"),
        stop_triggers_(attributes.Bool("stop_triggers", false)) {}

  absl::StatusOr<std::vector<Difference>> Inspect(const sys::HostReader& host,
                                                  Deadline deadline) const override;

  absl::Status Apply(std::span<const Difference> drift,
                     sys::Host& host,
                     Deadline deadline) const override;

  bool MayReact() const override { return running_ != false && masked_ != true; }

  absl::StatusOr<Reaction> Refresh(RefreshKind kind,
                                   sys::Host& host,
                                   Deadline deadline) const override;

  absl::StatusOr<absl::Time> LastRefresh(const sys::HostReader& host,
                                         Deadline deadline) const override;

  absl::StatusOr<Attributes> Describe(const sys::HostReader& host,
                                      Deadline deadline) const override;

 private:
  absl::StatusOr<UnitState> Look(const sys::HostReader& host, Deadline deadline) const;
  // As Look(), after a daemon-reload if systemd does not know the unit as it is on disk.
  absl::StatusOr<UnitState> LookFresh(sys::Host& host, Deadline deadline) const;
  absl::Status CheckThere(const UnitState& unit) const;
  absl::Status CheckCanMask(const UnitState& unit) const;
  absl::Status ApplyMask(sys::Host& host, Deadline deadline) const;
  absl::Status ApplyEnabled(sys::Host& host, Deadline deadline) const;
  absl::Status ApplyRunning(sys::Host& host, Deadline deadline) const;
  absl::Status Stop(const UnitState& unit, sys::Host& host, Deadline deadline) const;
  absl::Status WaitSettled(const sys::HostReader& host, Deadline deadline) const;
  absl::Status CheckAlive(const sys::HostReader& host, Deadline deadline) const;
  absl::Status RestartLive(sys::Host& host, Deadline deadline) const;
  // The unit whose file an alias stands for; the unit itself otherwise.
  std::string RealUnit(const UnitState& unit) const;

  std::string unit_;
  std::optional<bool> running_;
  std::optional<bool> enabled_;
  std::optional<bool> masked_;
  absl::Duration settle_;
  bool reload_instead_;
  bool stop_triggers_;
};

std::string ServiceResource::RealUnit(const UnitState& unit) const {
  return unit.unit_file_state == kAlias && !unit.fragment_path.empty()
             ? BaseName(unit.fragment_path)
             : unit_;
}

absl::StatusOr<UnitState> ServiceResource::Look(const sys::HostReader& host,
                                                Deadline deadline) const {
  ASSIGN_OR_RETURN(UnitState unit, host.units().Unit(unit_, deadline));
  const std::string real = RealUnit(unit);
  if (real == unit_) {
    return unit;
  }
  return host.units().Unit(real, deadline);
}

absl::StatusOr<UnitState> ServiceResource::LookFresh(sys::Host& host, Deadline deadline) const {
  ASSIGN_OR_RETURN(UnitState unit, Look(host, deadline));
  if (unit.exists() && !unit.needs_daemon_reload) {
    return unit;
  }
  RETURN_IF_ERROR(host.write_units().ReloadManager(deadline));
  return Look(host, deadline);
}

absl::StatusOr<std::vector<Difference>> ServiceResource::Inspect(const sys::HostReader& host,
                                                                 Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("looking at the unit"));
  ASSIGN_OR_RETURN(const UnitState unit, Look(host, deadline));
  std::vector<Difference> differences;
  if (masked_.has_value()) {
    const bool as_wanted = *masked_ ? unit.unit_file_state == "masked" : !Masked(unit);
    if (!as_wanted) {
      differences.push_back(
          {"masked",
           unit.unit_file_state == "masked-runtime" ? Value("until reboot") : Value(Masked(unit)),
           *masked_});
    }
  }
  if (enabled_.has_value()) {
    const bool as_wanted = *enabled_ ? Enabled(unit) : !EnabledSomehow(unit);
    if (!as_wanted) {
      differences.push_back({"enabled", EnabledNow(unit), *enabled_});
    }
  }
  if (running_.has_value()) {
    const bool as_wanted = *running_ ? unit.active() || DoneOneshot(unit) : Stopped(unit);
    if (!as_wanted) {
      differences.push_back({"running", RunningNow(unit), *running_});
    }
  }
  return differences;
}

absl::Status ServiceResource::CheckThere(const UnitState& unit) const {
  if (!unit.exists()) {
    return NotFound(
        "{} does not exist: neither a package nor a file has brought it; check the name, and that "
        "what brings it comes before (`systemctl list-unit-files`)",
        unit_);
  }
  if (unit.load_state == "error" || unit.load_state == "bad-setting") {
    return FailedPrecondition("{} cannot be loaded ({}): see `systemd-analyze verify {}`",
                              unit_,
                              unit.load_state,
                              unit.fragment_path.empty() ? unit_ : unit.fragment_path);
  }
  return absl::OkStatus();
}

// Before anything is changed: a mask is a link in the place of such a file, and systemd refuses it.
absl::Status ServiceResource::CheckCanMask(const UnitState& unit) const {
  if (unit.fragment_path != "/etc/systemd/system/" + unit_) {
    return absl::OkStatus();
  }
  return FailedPrecondition(
      "{} cannot be masked: its unit file stands where the mask would, in {}; say running = false "
      "and enabled = false instead, or remove that file",
      unit_,
      unit.fragment_path);
}

absl::Status ServiceResource::Apply(std::span<const Difference> drift,
                                    sys::Host& host,
                                    Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("changing the unit"));
  ASSIGN_OR_RETURN(const UnitState unit, LookFresh(host, deadline));
  const bool masking = masked_.value_or(false);
  if (!masking) {
    RETURN_IF_ERROR(CheckThere(unit));
  } else if (Lists(drift, "masked")) {
    RETURN_IF_ERROR(CheckCanMask(unit));
  }
  if (Lists(drift, "masked") && !masking) {
    RETURN_IF_ERROR(ApplyMask(host, deadline));
  }
  // What cannot be enabled can still be started, and its users want it to be: go on, then tell.
  absl::Status first;
  if (Lists(drift, "enabled")) {
    first.Update(ApplyEnabled(host, deadline));
  }
  if (Lists(drift, "running")) {
    first.Update(ApplyRunning(host, deadline));
  }
  // Masking comes last: a masked unit can be neither stopped well nor disabled.
  if (Lists(drift, "masked") && masking) {
    first.Update(ApplyMask(host, deadline));
  }
  return first;
}

absl::Status ServiceResource::ApplyMask(sys::Host& host, Deadline deadline) const {
  if (!*masked_) {
    RETURN_IF_ERROR(host.write_units().Unmask(unit_, deadline));
    ASSIGN_OR_RETURN(const UnitState unit, Look(host, deadline));
    if (Masked(unit)) {
      return FailedPrecondition(
          "{} is still masked after unmasking: its package ships it masked; give it a unit file of "
          "its own in /etc/systemd/system",
          unit_);
    }
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const UnitState unit, Look(host, deadline));
  if (EnabledSomehow(unit)) {
    RETURN_IF_ERROR(host.write_units().Disable(RealUnit(unit), deadline));
  }
  return host.write_units().Mask(unit_, deadline);
}

absl::Status ServiceResource::ApplyEnabled(sys::Host& host, Deadline deadline) const {
  ASSIGN_OR_RETURN(const UnitState seen, host.units().Unit(unit_, deadline));
  const std::string real = RealUnit(seen);
  if (!*enabled_) {
    return host.write_units().Disable(real, deadline);
  }
  ASSIGN_OR_RETURN(const UnitState unit, Look(host, deadline));
  if (const std::string why = WhyNotEnable(unit.unit_file_state); !why.empty()) {
    return FailedPrecondition("{} cannot be enabled: {}", real, why);
  }
  return host.write_units().Enable(real, deadline);
}

absl::Status ServiceResource::ApplyRunning(sys::Host& host, Deadline deadline) const {
  ASSIGN_OR_RETURN(const UnitState unit, Look(host, deadline));
  if (!*running_) {
    return Stop(unit, host, deadline);
  }
  if (Masked(unit)) {
    return FailedPrecondition(
        "{} cannot be started: it is masked; say masked = false to have it unmasked", unit_);
  }
  RETURN_IF_ERROR(host.write_units().Start(unit_, deadline));
  return WaitSettled(host, deadline);
}

absl::Status ServiceResource::Stop(const UnitState& unit,
                                   sys::Host& host,
                                   Deadline deadline) const {
  std::vector<std::string> active;
  for (const std::string& trigger : unit.triggered_by) {
    ASSIGN_OR_RETURN(const UnitState state, host.units().Unit(trigger, deadline));
    if (state.active()) {
      active.push_back(trigger);
    }
  }
  if (!active.empty() && !stop_triggers_) {
    return FailedPrecondition(
        "{} was not stopped: {} would start it again; declare that as running = false before it, "
        "or "
        "say stop_triggers = true",
        unit_,
        fmt::join(active, ", "));
  }
  for (const std::string& trigger : active) {
    RETURN_IF_ERROR(host.write_units().Stop(trigger, deadline));
  }
  return host.write_units().Stop(unit_, deadline);
}

absl::Status ServiceResource::CheckAlive(const sys::HostReader& host, Deadline deadline) const {
  constexpr std::size_t kJournalLines = 10;
  ASSIGN_OR_RETURN(const UnitState unit, Look(host, deadline));
  const bool dead =
      unit.active_state == "failed" || (unit.type != "oneshot" && unit.active_state == "inactive");
  if (!dead) {
    return absl::OkStatus();
  }
  return FailedPrecondition("{} was started but is {} now ({}): {}",
                            unit_,
                            unit.active_state,
                            unit.result.empty() ? "no result" : unit.result,
                            fmt::join(host.units().JournalTail(unit_, kJournalLines), "\n"));
}

absl::Status ServiceResource::WaitSettled(const sys::HostReader& host, Deadline deadline) const {
  constexpr absl::Duration kBetweenLooks = absl::Milliseconds(100);
  const Deadline settled = deadline.Within(settle_);
  while (!settled.expired()) {
    RETURN_IF_ERROR(CheckAlive(host, deadline));
    absl::SleepFor(std::min(kBetweenLooks, settled.Remaining()));
    host.ForgetSnapshots();
  }
  RETURN_IF_ERROR(deadline.Check("waiting for the unit to settle"));
  return CheckAlive(host, deadline);
}

absl::Status ServiceResource::RestartLive(sys::Host& host, Deadline deadline) const {
  if (MustNotRestartLive(unit_)) {
    return FailedPrecondition(
        "{} must not be restarted on a running host (sessions, network or message bus would "
        "break): "
        "reboot needed",
        unit_);
  }
  return host.write_units().Restart(unit_, deadline);
}

absl::StatusOr<Reaction> ServiceResource::Refresh(RefreshKind kind,
                                                  sys::Host& host,
                                                  Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("refreshing the unit"));
  if (!MayReact()) {
    return Reaction::kNone;
  }
  ASSIGN_OR_RETURN(UnitState unit, Look(host, deadline));
  if (unit.needs_daemon_reload) {
    RETURN_IF_ERROR(host.write_units().ReloadManager(deadline));
    ASSIGN_OR_RETURN(unit, Look(host, deadline));
  }
  if (Stopped(unit) || unit.active_state == "deactivating") {
    return Reaction::kNone;
  }
  const bool reload = (kind == RefreshKind::kReload || reload_instead_) && unit.can_reload;
  RETURN_IF_ERROR(reload ? host.write_units().Reload(unit_, deadline)
                         : RestartLive(host, deadline));
  RETURN_IF_ERROR(WaitSettled(host, deadline));
  return reload ? Reaction::kReloaded : Reaction::kRestarted;
}

absl::StatusOr<absl::Time> ServiceResource::LastRefresh(const sys::HostReader& host,
                                                        Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("looking at the unit"));
  ASSIGN_OR_RETURN(const UnitState unit, Look(host, deadline));
  return unit.active() ? unit.started_at : absl::InfinitePast();
}

absl::StatusOr<Attributes> ServiceResource::Describe(const sys::HostReader& host,
                                                     Deadline deadline) const {
  RETURN_IF_ERROR(deadline.Check("looking at the unit"));
  ASSIGN_OR_RETURN(const UnitState unit, Look(host, deadline));
  if (!unit.exists()) {
    return NotFound("{} does not exist", unit_);
  }
  Attributes attributes;
  attributes.Set("running", !Stopped(unit));
  if (Masked(unit)) {
    attributes.Set("masked", true);
  } else if (Enabled(unit) || unit.unit_file_state == "disabled") {
    attributes.Set("enabled", Enabled(unit));
  }
  return attributes;
}

std::unique_ptr<resource::Resource> Make(std::string_view name, const Attributes& attributes) {
  return std::make_unique<ServiceResource>(name, attributes);
}

}  // namespace

const resource::ResourceType& ServiceType() {
  static const resource::ResourceType kType{.schema = &ServiceSchema(), .make = Make};
  return kType;
}

}  // namespace fettle::modules
