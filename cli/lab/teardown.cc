// SPDX-License-Identifier: Apache-2.0
// Lab::Down and what it takes: the half of Lab that must work on whatever a crash left.
#include <unistd.h>

#include <optional>

#include "absl/algorithm/container.h"

#include "cli/lab/cgroup.h"
#include "cli/lab/files.h"
#include "cli/lab/guest.h"
#include "cli/lab/lab.h"
#include "cli/lab/mounts.h"
#include "cli/lab/names.h"
#include "cli/lab/network.h"
#include "lib/base/status_macros.h"

namespace fettle::lab {
namespace {

constexpr absl::Duration kLockTimeout = absl::Seconds(60);
constexpr absl::Duration kStepTimeout = absl::Seconds(30);

// What systemd-nspawn leaves of a machine when it is killed.
void RemoveNspawnTraces(const std::string& machine) {
  for (const char* folder : {"propagate", "unix-export"}) {
    rmdir(fmt::format("/run/systemd/nspawn/{}/{}", folder, machine).c_str());
  }
}

absl::Status KillSupervisor(pid_t pid, Deadline deadline) {
  const absl::StatusOr<ProcessId> supervisor = Identify(pid);
  return supervisor.ok() ? KillGuest(*supervisor, deadline) : absl::OkStatus();
}

// Ends every systemd-nspawn that runs the clone in `folder`, recorded or not.
absl::Status KillSupervisors(const std::string& folder, Deadline deadline) {
  for (const pid_t pid : FindProcesses("systemd-nspawn", "--directory=" + folder + "/root")) {
    RETURN_IF_ERROR(KillSupervisor(pid, deadline));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Lab::RemoveHost(const std::string& name, Deadline deadline) {
  const std::string folder = state_.HostFolder(name_, name);
  const std::optional<int> number = state_.LabNumber(name_);
  const absl::StatusOr<HostRecord> host = state_.LoadHost(name_, name);
  if (host.ok()) {
    RETURN_IF_ERROR(KillGuest(host->supervisor, deadline));
  }
  RETURN_IF_ERROR(KillSupervisors(folder, deadline));
  RETURN_IF_ERROR(RemoveCgroups(CgroupFolders(name_, name)));
  if (host.ok() && number) {
    RETURN_IF_ERROR(RemoveInterface(PortName(*number, host->index), deadline));
    RemoveNspawnTraces(MachineName(*number, host->index));
  }
  RETURN_IF_ERROR(UnmountBelow(folder));
  return RemoveFolder(folder);
}

absl::Status Lab::RemoveLab(Deadline deadline) {
  if (const std::optional<int> number = state_.LabNumber(name_)) {
    RETURN_IF_ERROR(RemoveInterface(BridgeName(*number), deadline));
  }
  RETURN_IF_ERROR(RemoveFolder(state_.LabFolder(name_)));
  state_.RemoveIfEmpty();
  return absl::OkStatus();
}

absl::Status Lab::Down(const std::vector<std::string>& hosts) {
  if (geteuid() != 0) {
    return PermissionDenied("must be run as root: hosts are ended and unmounted");
  }
  RETURN_IF_ERROR(CheckNames(hosts));
  ASSIGN_OR_RETURN(const State::Lock lock, state_.Acquire(Deadline::After(kLockTimeout)));
  // One host that resists must not keep the others: go on, and report the first failure.
  absl::Status first = absl::OkStatus();
  for (const std::string& name : state_.Hosts(name_)) {
    if (!hosts.empty() && !absl::c_linear_search(hosts, name)) {
      continue;
    }
    const absl::Status removed =
        Annotate(RemoveHost(name, Deadline::After(kStepTimeout)), "host " + name);
    if (removed.ok()) {
      progress_(fmt::format("{}: removed", name));
    }
    first.Update(removed);
  }
  RETURN_IF_ERROR(first);
  if (!hosts.empty()) {
    return absl::OkStatus();
  }
  return RemoveLab(Deadline::After(kStepTimeout));
}

}  // namespace fettle::lab
