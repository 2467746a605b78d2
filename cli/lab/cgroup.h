// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

// Control groups of lab hosts. Each host needs its own, or the systemds of two hosts would take
// each other's services for theirs. Where the machine's PID 1 is systemd, it is asked for a scope
// (by systemd-nspawn) and nothing is made here; elsewhere a group is made below the mounted roots
// of the hierarchies that systemd uses: "unified" and, beside version 1, "name=systemd".
namespace fettle::lab {

// Whether the machine was booted by systemd.
bool BootedBySystemd();

// Where the groups of `host` of `lab` lie, one folder a hierarchy; none under systemd.
std::vector<std::string> CgroupFolders(const std::string& lab, const std::string& host);

absl::Status MakeCgroups(const std::vector<std::string>& folders);

// Sets the limits (0: none) where a hierarchy can hold processes to them; says whether any could.
bool LimitCgroups(const std::vector<std::string>& folders, uint64_t memory_bytes, int cpu_percent);

// Moves the calling process into the groups.
absl::Status JoinCgroups(const std::vector<std::string>& folders);

// Moves the calling process into the groups of process `pid`, as far as the machine lets it.
void JoinCgroupsOf(pid_t pid);

// Kills every process in the groups and below, and removes them. OK when there are none.
absl::Status RemoveCgroups(const std::vector<std::string>& folders);

}  // namespace fettle::lab
