// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "lib/sys/files.h"

// What upgrades leave undone: a kernel that is installed and does not run, and processes that still
// run files which were replaced. Both are read from files alone.
namespace fettle::sys {

// Whether the host wants a boot.
struct RebootNeed {
  // Each cause in words, in a fixed order; none: no boot is wanted.
  std::vector<std::string> because;
  // Whether this host can be asked about kernels: a container has none of its own, and some virtual
  // machines get theirs from outside.
  bool kernel_told = false;

  bool needed() const { return !because.empty(); }
};

// By /run/reboot-required (with the packages that asked for it), and by the newest kernel in /boot
// of the running one's flavour ("amd64", "cloud-amd64"). A kernel that was replaced by another
// build of the very same release is told by /run/reboot-required alone. Errors: could not look.
absl::StatusOr<RebootNeed> LookForReboot(const FileReader& files);

// The systemd units with processes that run replaced files.
struct StaleUnits {
  std::vector<std::string> units;  // "cron.service", sorted; "init.scope" is systemd itself.
  std::vector<int64_t> processes;  // Those that were found, ascending.
};

// Looks at every process: one that has code mapped from a file of /usr, /opt, /lib… that is no
// longer there (as an upgrade leaves it) is stale. Processes of containers and of login sessions do
// not count. Costs some 0.2 ms a process; what may not be read (without root) is passed over.
StaleUnits FindStaleUnits(const FileReader& files);

// Whether a process of this host runs a replaced file; false when it has gone.
bool RunsReplacedFile(const FileReader& files, int64_t pid);

}  // namespace fettle::sys
