// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/cgroup.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "absl/time/clock.h"

#include "cli/lab/files.h"
#include "cli/lab/mounts.h"
#include "cli/lab/process.h"
#include "lib/base/deadline.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::lab {
namespace {

// Mount points of the hierarchies that systemd uses.
std::vector<std::string> Hierarchies() {
  std::vector<std::string> points;
  const absl::StatusOr<std::vector<Mount>> mounts = CurrentMounts();
  if (!mounts.ok()) {
    return points;
  }
  for (const Mount& mount : *mounts) {
    if (mount.type == "cgroup2" || (mount.type == "cgroup" && mount.point.ends_with("/systemd"))) {
      points.push_back(mount.point);
    }
  }
  return points;
}

// `folder` and the groups below it, children after their parents.
std::vector<std::string> Tree(const std::string& folder) {
  std::vector<std::string> found = {folder};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::string parent = found[i];
    for (const std::string& name : ListFolder(parent)) {
      const std::string child = fmt::format("{}/{}", parent, name);
      if (Exists(child + "/cgroup.procs")) {
        found.push_back(child);
      }
    }
  }
  return found;
}

void KillMembers(const std::string& folder) {
  const absl::StatusOr<std::string> members = ReadText(folder + "/cgroup.procs");
  if (!members.ok()) {
    return;
  }
  for (const std::string_view line : SplitLines(*members)) {
    int64_t pid = 0;
    // 0 stands for a process of a namespace we don't see: never ours, and kill(0) is our own group.
    if (ParseInt(line, &pid) && pid > 1) {
      kill(static_cast<pid_t>(pid), SIGKILL);
    }
  }
}

absl::Status RemoveTree(const std::string& folder, Deadline deadline) {
  while (Exists(folder)) {
    const std::vector<std::string> groups = Tree(folder);
    int error = 0;
    for (auto group = groups.rbegin(); group != groups.rend(); ++group) {
      KillMembers(*group);
      error = rmdir(group->c_str()) == 0 ? 0 : errno;
    }
    if (error == 0) {
      break;
    }
    if (deadline.expired()) {
      return ErrnoStatus(error, "cannot remove control group " + folder);
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
  return absl::OkStatus();
}

}  // namespace

bool BootedBySystemd() {
  return Exists("/run/systemd/system");
}

std::vector<std::string> CgroupFolders(const std::string& lab, const std::string& host) {
  std::vector<std::string> folders;
  if (!BootedBySystemd()) {
    for (const std::string& point : Hierarchies()) {
      folders.push_back(fmt::format("{}/fettle-lab/{}/{}", point, lab, host));
    }
  }
  return folders;
}

absl::Status MakeCgroups(const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    RETURN_IF_ERROR(MakeFolders(folder));
  }
  return absl::OkStatus();
}

bool LimitCgroups(const std::vector<std::string>& folders, uint64_t memory_bytes, int cpu_percent) {
  constexpr int kPeriod = 100'000;  // Microseconds.
  bool limited = false;
  for (const std::string& folder : folders) {
    if (memory_bytes > 0 && Exists(folder + "/memory.max")) {
      limited =
          WriteKernelFile(folder + "/memory.max", std::to_string(memory_bytes)).ok() || limited;
    }
    if (cpu_percent > 0 && Exists(folder + "/cpu.max")) {
      const std::string quota = fmt::format("{} {}", cpu_percent * (kPeriod / 100), kPeriod);
      limited = WriteKernelFile(folder + "/cpu.max", quota).ok() || limited;
    }
  }
  return limited;
}

absl::Status JoinCgroups(const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    RETURN_IF_ERROR(WriteKernelFile(folder + "/cgroup.procs", "0"));
  }
  return absl::OkStatus();
}

void JoinCgroupsOf(pid_t pid) {
  const absl::StatusOr<std::string> text = ReadText(fmt::format("/proc/{}/cgroup", pid));
  if (!text.ok()) {
    return;
  }
  for (const std::string_view line : SplitLines(*text)) {
    const std::size_t slash = line.find('/');
    const bool ours = line.starts_with("0::") || line.find(":name=systemd:") != line.npos;
    if (!ours || slash == std::string_view::npos) {
      continue;
    }
    const bool version1 = !line.starts_with("0::");
    for (const std::string& point : Hierarchies()) {
      if (point.ends_with("/systemd") == version1) {
        JoinCgroups({point + std::string(line.substr(slash))}).IgnoreError();
      }
    }
  }
}

absl::Status RemoveCgroups(const std::vector<std::string>& folders) {
  const Deadline deadline = Deadline::After(absl::Seconds(5));
  for (const std::string& folder : folders) {
    RETURN_IF_ERROR(RemoveTree(folder, deadline));
    // The lab's and the project's own groups go with their last member.
    const std::string lab_folder = folder.substr(0, folder.rfind('/'));
    rmdir(lab_folder.c_str());
    rmdir(lab_folder.substr(0, lab_folder.rfind('/')).c_str());
  }
  return absl::OkStatus();
}

}  // namespace fettle::lab
