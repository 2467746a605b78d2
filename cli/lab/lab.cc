// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/lab.h"

#include <unistd.h>

#include <set>

#include "absl/algorithm/container.h"
#include "absl/time/clock.h"

#include "cli/lab/cgroup.h"
#include "cli/lab/clone_content.h"
#include "cli/lab/files.h"
#include "cli/lab/guest.h"
#include "cli/lab/mounts.h"
#include "cli/lab/names.h"
#include "cli/lab/network.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::lab {
namespace {

constexpr absl::Duration kLockTimeout = absl::Seconds(60);
constexpr absl::Duration kStepTimeout = absl::Seconds(30);
constexpr absl::Duration kPollInterval = absl::Milliseconds(50);
constexpr std::size_t kConsoleTail = 1500;

absl::Status CheckRoot() {
  if (geteuid() != 0) {
    return PermissionDenied("must be run as root: clones are mounted and booted");
  }
  return absl::OkStatus();
}

std::string ConsoleTail(const std::string& folder) {
  const std::string text = ReadText(folder + "/console.log").value_or("");
  return text.size() > kConsoleTail ? text.substr(text.size() - kConsoleTail) : text;
}

int LowestFreeIndex(const std::set<int>& taken) {
  int index = 1;
  while (taken.contains(index)) {
    ++index;
  }
  return index;
}

absl::Status CheckBinds(const std::vector<std::string>& binds) {
  for (const std::string& bind : binds) {
    const std::string source = bind.substr(0, bind.find(':'));
    if (!source.starts_with('/') || !Exists(source)) {
      return InvalidArgument(
          "--bind {}: {} must be an absolute path that exists on this machine", bind, source);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Lab::CheckNames(const std::vector<std::string>& hosts) const {
  RETURN_IF_ERROR(CheckName("lab", name_));
  for (const std::string& host : hosts) {
    RETURN_IF_ERROR(CheckName("host", host));
  }
  return absl::OkStatus();
}

absl::StatusOr<int> Lab::NumberOrNotFound() const {
  RETURN_IF_ERROR(CheckNames({}));
  const std::optional<int> number = state_.LabNumber(name_);
  if (!number) {
    return NotFound("there is no lab {}; make one: fettle lab up --name {}", name_, name_);
  }
  return *number;
}

// The lab's number; records a new one and makes its bridge if need be.
absl::StatusOr<int> Lab::MakeLab(Deadline deadline) {
  std::optional<int> number = state_.LabNumber(name_);
  if (!number) {
    std::set<int> taken;
    for (const std::string& lab : state_.Labs()) {
      taken.insert(state_.LabNumber(lab).value_or(0));
    }
    ASSIGN_OR_RETURN(const std::string routes, ReadText("/proc/net/route"));
    ASSIGN_OR_RETURN(number, ChooseLabNumber(taken, routes));
    RETURN_IF_ERROR(state_.SaveLab(name_, *number));
  }
  RETURN_IF_ERROR(MakeBridge(*number, deadline));
  return *number;
}

// Complete hosts of the lab. What a crash left half made is removed.
absl::StatusOr<std::vector<HostRecord>> Lab::CompleteHosts() {
  std::vector<HostRecord> complete;
  for (const std::string& name : state_.Hosts(name_)) {
    absl::StatusOr<HostRecord> host = state_.LoadHost(name_, name);
    if (host.ok() && host->prepared) {
      complete.push_back(*std::move(host));
      continue;
    }
    RETURN_IF_ERROR(RemoveHost(name, Deadline::After(kStepTimeout)));
  }
  return complete;
}

// Records of the hosts that are to be up, new ones saved.
absl::StatusOr<std::vector<HostRecord>> Lab::RecordHosts(const UpOptions& options, int number) {
  ASSIGN_OR_RETURN(std::vector<HostRecord> hosts, CompleteHosts());
  std::set<int> taken;
  std::set<std::string> missing(options.hosts.begin(), options.hosts.end());
  for (const HostRecord& host : hosts) {
    taken.insert(host.index);
    missing.erase(host.name);
  }
  const std::set<std::string> wanted(options.hosts.begin(), options.hosts.end());
  std::erase_if(hosts, [&wanted](const HostRecord& host) { return !wanted.contains(host.name); });
  ASSIGN_OR_RETURN(const std::vector<Mount> mounts, CurrentMounts());
  for (const std::string& name : options.hosts) {
    if (missing.erase(name) == 0) {
      continue;
    }
    hosts.push_back({.name = name,
                     .index = LowestFreeIndex(taken),
                     .host_network = options.host_network,
                     .memory_bytes = options.memory_bytes,
                     .cpu_percent = options.cpu_percent,
                     .mount_points = ClonedMountPoints(mounts),
                     .binds = options.binds,
                     .supervisor = {}});
    taken.insert(hosts.back().index);
    RETURN_IF_ERROR(SaveNewHost(hosts.back(), number));
  }
  return hosts;
}

absl::Status Lab::SaveNewHost(const HostRecord& host, int number) {
  if (host.index > kMaxHostIndex) {
    return FailedPrecondition("lab {} is full: {} hosts", name_, kMaxHostIndex);
  }
  progress_(fmt::format("{}: new, {}", host.name, HostAddress(number, host.index)));
  return state_.SaveHost(name_, host);
}

absl::Status Lab::MakeClone(HostRecord& host, int number) {
  const std::string folder = state_.HostFolder(name_, host.name);
  const std::vector<Layer> layers = LayersOf(folder, host.mount_points);
  RETURN_IF_ERROR(MakeLayers(folder, layers));
  CloneIdentity identity{.host = host.name,
                         .address = HostAddress(number, host.index),
                         .gateway = GatewayAddress(number),
                         .addresses = {},
                         .host_network = host.host_network};
  for (const std::string& name : state_.Hosts(name_)) {
    const absl::StatusOr<HostRecord> other = state_.LoadHost(name_, name);
    if (other.ok()) {
      identity.addresses[name] = HostAddress(number, other->index);
    }
  }
  RETURN_IF_ERROR(WriteCloneContent(CloneLayer(layers), identity));
  host.prepared = true;
  return state_.SaveHost(name_, host);
}

absl::Status Lab::StartHost(HostRecord& host, int number, Deadline deadline) {
  if (IsAlive(host.supervisor)) {
    return absl::OkStatus();
  }
  const std::string folder = state_.HostFolder(name_, host.name);
  if (!host.prepared) {
    RETURN_IF_ERROR(MakeClone(host, number));
  }
  RETURN_IF_ERROR(MountClone(folder, LayersOf(folder, host.mount_points)));
  const std::string port = PortName(number, host.index);
  RETURN_IF_ERROR(RemoveInterface(port, deadline));
  const GuestPlan plan{.folder = folder,
                       .host = host.name,
                       .machine = MachineName(number, host.index),
                       .bridge = host.host_network ? "" : BridgeName(number),
                       .memory_bytes = host.memory_bytes,
                       .cpu_percent = host.cpu_percent,
                       .binds = host.binds,
                       .cgroups = CgroupFolders(name_, host.name)};
  RETURN_IF_ERROR(MakeCgroups(plan.cgroups));
  const bool limits = plan.memory_bytes > 0 || plan.cpu_percent > 0;
  if (limits && !plan.cgroups.empty() &&
      !LimitCgroups(plan.cgroups, plan.memory_bytes, plan.cpu_percent)) {
    progress_(fmt::format("{}: without limits: this machine's control groups cannot set them",
                          host.name));
  }
  const auto record = [this, &host](const ProcessId& supervisor) {
    host.supervisor = supervisor;
    return state_.SaveHost(name_, host);
  };
  RETURN_IF_ERROR(StartGuest(plan, record).status());
  if (host.cut) {
    RETURN_IF_ERROR(WaitForPort(port, deadline));
    return SetPort(port, false, deadline);
  }
  return absl::OkStatus();
}

absl::Status Lab::ReportBooted(const HostRecord& host, const std::string& state, int number) {
  const std::string folder = state_.HostFolder(name_, host.name);
  if (state == "off") {
    return Unavailable("host {} ended while it booted; its console said:\n{}\n(all of it: {})",
                       host.name,
                       ConsoleTail(folder),
                       folder + "/console.log");
  }
  std::string line = fmt::format("{}: {}, {}", host.name, state, HostAddress(number, host.index));
  if (state != "running") {
    for (const std::string& unit :
         FailedUnits(host.supervisor, Deadline::After(absl::Seconds(10)))) {
      line += fmt::format("\n  failed: {0}; see `fettle lab exec --name {1} {2} journalctl -u {0}`",
                          unit,
                          name_,
                          host.name);
    }
  }
  progress_(line);
  return absl::OkStatus();
}

// Takes the hosts that have finished booting off `waiting` and reports them.
absl::Status Lab::TakeBooted(std::vector<HostRecord>& waiting, int number, Deadline deadline) {
  std::vector<HostRecord> still;
  for (const HostRecord& host : waiting) {
    const std::string state = GuestState(host.supervisor, deadline);
    if (state == "starting") {
      still.push_back(host);
      continue;
    }
    RETURN_IF_ERROR(ReportBooted(host, state, number));
  }
  waiting = std::move(still);
  return absl::OkStatus();
}

absl::Status Lab::WaitUntilBooted(std::vector<HostRecord> waiting, int number, Deadline deadline) {
  RETURN_IF_ERROR(TakeBooted(waiting, number, deadline));
  while (!waiting.empty()) {
    const std::string& name = waiting.front().name;
    if (deadline.expired()) {
      return DeadlineExceeded(
          "host {0} is still booting; see what it waits for with `fettle lab exec --name {1} {0} "
          "systemctl list-jobs`, and {2}/console.log",
          name,
          name_,
          state_.HostFolder(name_, name));
    }
    absl::SleepFor(kPollInterval);
    RETURN_IF_ERROR(TakeBooted(waiting, number, deadline));
  }
  return absl::OkStatus();
}

// Makes what is missing and starts what is off; the hosts that are to be up.
absl::StatusOr<std::vector<HostRecord>> Lab::StartHosts(const UpOptions& options,
                                                        Deadline deadline) {
  ASSIGN_OR_RETURN(const State::Lock lock, state_.Acquire(Deadline::After(kLockTimeout)));
  ASSIGN_OR_RETURN(const int number, MakeLab(deadline));
  ASSIGN_OR_RETURN(std::vector<HostRecord> hosts, RecordHosts(options, number));
  for (HostRecord& host : hosts) {
    RETURN_IF_ERROR(Annotate(StartHost(host, number, deadline), "host " + host.name));
  }
  return hosts;
}

absl::Status Lab::Up(const UpOptions& options) {
  RETURN_IF_ERROR(CheckRoot());
  RETURN_IF_ERROR(CheckPrograms());
  RETURN_IF_ERROR(CheckNames(options.hosts));
  RETURN_IF_ERROR(CheckBinds(options.binds));
  const Deadline deadline = Deadline::After(options.timeout);
  ASSIGN_OR_RETURN(std::vector<HostRecord> hosts, StartHosts(options, deadline));
  ASSIGN_OR_RETURN(const int number, NumberOrNotFound());
  return WaitUntilBooted(std::move(hosts), number, deadline);
}

absl::Status Lab::Boot(const std::string& name, absl::Duration timeout) {
  RETURN_IF_ERROR(CheckRoot());
  RETURN_IF_ERROR(CheckPrograms());
  RETURN_IF_ERROR(CheckNames({name}));
  const Deadline deadline = Deadline::After(timeout);
  ASSIGN_OR_RETURN(const int number, NumberOrNotFound());
  HostRecord host;
  {
    ASSIGN_OR_RETURN(const State::Lock lock, state_.Acquire(Deadline::After(kLockTimeout)));
    ASSIGN_OR_RETURN(host, state_.LoadHost(name_, name));
    RETURN_IF_ERROR(StartHost(host, number, deadline));
  }
  return WaitUntilBooted({host}, number, deadline);
}

absl::Status Lab::Kill(const std::string& name) {
  RETURN_IF_ERROR(CheckRoot());
  RETURN_IF_ERROR(CheckNames({name}));
  ASSIGN_OR_RETURN(const int number, NumberOrNotFound());
  ASSIGN_OR_RETURN(const State::Lock lock, state_.Acquire(Deadline::After(kLockTimeout)));
  ASSIGN_OR_RETURN(HostRecord host, state_.LoadHost(name_, name));
  const Deadline deadline = Deadline::After(kStepTimeout);
  // The cable first: the kernel would otherwise close the dying host's connections politely, and
  // its peers would learn what they don't learn from a loss of power.
  const std::string port = PortName(number, host.index);
  if (Exists("/sys/class/net/" + port)) {
    RETURN_IF_ERROR(SetPort(port, false, deadline));
  }
  RETURN_IF_ERROR(KillGuest(host.supervisor, deadline));
  RETURN_IF_ERROR(RemoveInterface(port, deadline));
  RETURN_IF_ERROR(RemoveCgroups(CgroupFolders(name_, name)));
  host.supervisor = {};
  RETURN_IF_ERROR(state_.SaveHost(name_, host));
  progress_(fmt::format("{}: off", name));
  return absl::OkStatus();
}

absl::Status Lab::SetCable(const std::string& name, bool in) {
  RETURN_IF_ERROR(CheckRoot());
  RETURN_IF_ERROR(CheckNames({name}));
  ASSIGN_OR_RETURN(const int number, NumberOrNotFound());
  ASSIGN_OR_RETURN(const State::Lock lock, state_.Acquire(Deadline::After(kLockTimeout)));
  ASSIGN_OR_RETURN(HostRecord host, state_.LoadHost(name_, name));
  host.cut = !in;
  RETURN_IF_ERROR(state_.SaveHost(name_, host));
  const std::string port = PortName(number, host.index);
  if (IsAlive(host.supervisor)) {
    const Deadline deadline = Deadline::After(kStepTimeout);
    RETURN_IF_ERROR(WaitForPort(port, deadline));
    RETURN_IF_ERROR(SetPort(port, in, deadline));
  }
  progress_(fmt::format("{}: {}", name, in ? "joined" : "cut"));
  return absl::OkStatus();
}

absl::Status Lab::Cut(const std::string& host) {
  return SetCable(host, false);
}

absl::Status Lab::Join(const std::string& host) {
  return SetCable(host, true);
}

absl::StatusOr<int> Lab::Exec(const std::string& name,
                              const std::vector<std::string>& argv,
                              const std::map<std::string, std::string>& environment) {
  RETURN_IF_ERROR(CheckRoot());
  RETURN_IF_ERROR(CheckNames({name}));
  RETURN_IF_ERROR(NumberOrNotFound().status());
  ASSIGN_OR_RETURN(const HostRecord host, state_.LoadHost(name_, name));
  const absl::StatusOr<ProcessId> leader = LeaderOf(host.supervisor);
  if (!leader.ok()) {
    return Unavailable(
        "host {} is not running; boot it: fettle lab boot --name {} {}", name, name_, name);
  }
  return RunInside(*leader, argv, environment);
}

absl::StatusOr<LabStatus> Lab::List() const {
  RETURN_IF_ERROR(CheckRoot());
  ASSIGN_OR_RETURN(const int number, NumberOrNotFound());
  LabStatus status{
      .name = name_, .bridge = BridgeName(number), .gateway = GatewayAddress(number), .hosts = {}};
  for (const std::string& name : state_.Hosts(name_)) {
    const absl::StatusOr<HostRecord> host = state_.LoadHost(name_, name);
    HostStatus line{.name = name, .address = "", .state = "broken", .console_log = ""};
    if (host.ok()) {
      const absl::StatusOr<ProcessId> leader = LeaderOf(host->supervisor);
      line.address = HostAddress(number, host->index);
      line.state = GuestState(host->supervisor, Deadline::After(absl::Seconds(10)));
      line.cut = host->cut;
      line.pid = leader.ok() ? leader->pid : 0;
      line.console_log = state_.HostFolder(name_, name) + "/console.log";
    }
    status.hosts.push_back(std::move(line));
  }
  return status;
}

}  // namespace fettle::lab
