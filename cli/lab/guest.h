// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "cli/lab/process.h"
#include "lib/base/deadline.h"

// Booting a mounted clone with systemd-nspawn, and reaching into it.
namespace fettle::lab {

// What systemd-nspawn needs to know to boot a clone.
struct GuestPlan {
  std::string folder;   // Of the host: the clone is at root/, the console's log in console.log.
  std::string host;     // Its hostname.
  std::string machine;  // What nspawn calls it; also names its bridge port.
  std::string bridge;   // "" to share the machine's network.
  uint64_t memory_bytes = 0;         // 0: no limit.
  int cpu_percent = 0;               // 0: no limit.
  std::vector<std::string> binds;    // "PATH" or "PATH:DEST", shown read-only.
  std::vector<std::string> cgroups;  // Where it runs; empty where systemd gives it a scope.
};

// The command line of systemd-nspawn for `plan`.
std::vector<std::string> NspawnArguments(const GuestPlan& plan);

// OK when the machine has the programs that a lab needs; otherwise names the package to install.
absl::Status CheckPrograms();

// Starts systemd-nspawn, detached from this process. `record` is called with the new process before
// that does anything; when it fails, or when this process dies first, nothing is started.
absl::StatusOr<ProcessId> StartGuest(const GuestPlan& plan,
                                     const std::function<absl::Status(const ProcessId&)>& record);

// PID 1 of the guest that the systemd-nspawn process `supervisor` runs. kUnavailable while there is
// none yet, or none any more.
absl::StatusOr<ProcessId> LeaderOf(const ProcessId& supervisor);

// Takes the calling process into the guest (its control groups, namespaces and at most its
// capabilities), runs argv there as root with a fresh environment plus `environment`, passes
// SIGTERM and SIGHUP on to it, and returns its exit code (128 + signal when killed by one). There
// is no way back: for a process that does nothing else afterwards.
absl::StatusOr<int> RunInside(const ProcessId& leader,
                              const std::vector<std::string>& argv,
                              const std::map<std::string, std::string>& environment);

// What `systemctl is-system-running` says in the guest: "running", "degraded", "starting", …;
// "starting" also while it can't answer yet, "off" when there is no guest.
std::string GuestState(const ProcessId& supervisor, Deadline deadline);

// The guest's failed units, by name.
std::vector<std::string> FailedUnits(const ProcessId& supervisor, Deadline deadline);

// Ends the guest and its supervisor at once, as a loss of power would.
absl::Status KillGuest(const ProcessId& supervisor, Deadline deadline);

}  // namespace fettle::lab
