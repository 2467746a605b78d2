// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/upgrade_needs.h"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/debian_version.h"

namespace fettle::sys {
namespace {

constexpr uint64_t kMostBytes = 16U << 20;
constexpr std::string_view kImage = "vmlinuz-";
constexpr const char* kAsked = "/run/reboot-required";

std::string ReadText(const FileReader& files, const std::string& path) {
  absl::StatusOr<std::string> content = files.Read(path, kMostBytes);
  return content.ok() ? *std::move(content) : "";
}

// "" when there is no such file.
absl::StatusOr<std::string> ReadIfThere(const FileReader& files, const std::string& path) {
  absl::StatusOr<std::string> content = files.Read(path, kMostBytes);
  return absl::IsNotFound(content.status()) ? absl::StatusOr<std::string>("") : content;
}

absl::StatusOr<bool> Exists(const FileReader& files, const char* path) {
  const absl::Status status = files.Stat(path).status();
  if (!status.ok() && !absl::IsNotFound(status)) {
    return status;
  }
  return status.ok();
}

absl::StatusOr<bool> InContainer(const FileReader& files) {
  for (const char* const mark : {"/run/systemd/container", "/.dockerenv", "/run/.containerenv"}) {
    ASSIGN_OR_RETURN(const bool there, Exists(files, mark));
    if (there) {
      return true;
    }
  }
  return false;
}

// "6.1.0-18-amd64": the version goes up to the first part that begins with no digit.
struct KernelName {
  std::string_view version;
  std::string_view flavour;
};

KernelName SplitRelease(std::string_view release) {
  std::size_t dash = release.find('-');
  while (dash != std::string_view::npos) {
    const std::string_view rest = release.substr(dash + 1);
    if (rest.empty() || rest.front() < '0' || rest.front() > '9') {
      return {release.substr(0, dash), rest};
    }
    dash = release.find('-', dash + 1);
  }
  return {release, ""};
}

// The version of the newest kernel in /boot of this flavour; "" when there is none.
absl::StatusOr<std::string> NewestKernel(const FileReader& files, std::string_view flavour) {
  const absl::StatusOr<std::vector<std::string>> boot = files.List("/boot");
  if (absl::IsNotFound(boot.status())) {
    return "";
  }
  RETURN_IF_ERROR(boot.status());
  std::string_view newest;
  for (const std::string_view name : *boot) {
    const KernelName one =
        SplitRelease(name.starts_with(kImage) ? name.substr(kImage.size()) : std::string_view());
    if (one.flavour == flavour && CompareDebianVersions(one.version, newest) > 0) {
      newest = one.version;
    }
  }
  return std::string(newest);
}

absl::Status LookAtKernels(const FileReader& files, RebootNeed* need) {
  ASSIGN_OR_RETURN(const std::string text, ReadIfThere(files, "/proc/sys/kernel/osrelease"));
  ASSIGN_OR_RETURN(const bool contained, InContainer(files));
  const std::string_view running = Trim(text);
  if (running.empty() || contained) {
    return absl::OkStatus();
  }
  const KernelName now = SplitRelease(running);
  ASSIGN_OR_RETURN(const std::string newest, NewestKernel(files, now.flavour));
  need->kernel_told = !newest.empty();
  if (need->kernel_told && CompareDebianVersions(newest, now.version) > 0) {
    need->because.push_back(fmt::format("kernel {}{}{} is installed, {} runs",
                                        newest,
                                        now.flavour.empty() ? "" : "-",
                                        now.flavour,
                                        running));
  }
  return absl::OkStatus();
}

// Where installed programs and libraries are; what is mapped from elsewhere (/memfd:, /dev, /tmp,
// /run) comes and goes by itself.
bool IsInstalledPath(std::string_view path) {
  static constexpr std::string_view kFolders[] = {"/usr/", "/lib", "/bin/", "/sbin/", "/opt/"};
  return std::any_of(std::begin(kFolders), std::end(kFolders), [&](std::string_view folder) {
    return path.starts_with(folder);
  });
}

// A line of /proc/PID/maps: "from-to rwxp offset device inode   /path (deleted)".
bool MapsReplacedCode(std::string_view line) {
  const std::size_t blank = line.find(' ');
  const std::size_t path = line.find('/');
  constexpr std::size_t kExecute = 3;
  return line.ends_with(" (deleted)") && path != std::string_view::npos && blank < path &&
         line.substr(blank + kExecute, 1) == "x" && IsInstalledPath(line.substr(path));
}

// The path below the hierarchy's root of systemd's own, or the unified, hierarchy.
std::string CgroupOf(const FileReader& files, std::string_view process) {
  const std::string text = ReadText(files, fmt::format("/proc/{}/cgroup", process));
  for (const std::string_view line : SplitLines(text)) {
    const std::size_t colon = line.find(':', line.find(':') + 1);
    if (colon != std::string_view::npos &&
        (line.starts_with("0::") || line.find(":name=systemd:") != std::string_view::npos)) {
      return std::string(line.substr(colon + 1));
    }
  }
  return "";
}

// "/system.slice/cron.service" → "cron.service"; "" for what belongs to no service. `root`: where
// this systemd's own groups begin.
std::string UnitOf(std::string_view cgroup, std::string_view root) {
  if (!cgroup.starts_with(root)) {
    return "";
  }
  for (const std::string_view part : Split(cgroup.substr(root.size()), '/')) {
    if (part.ends_with(".service") || part == "init.scope") {
      return std::string(part);
    }
  }
  return "";
}

}  // namespace

absl::StatusOr<RebootNeed> LookForReboot(const FileReader& files) {
  RebootNeed need;
  RETURN_IF_ERROR(LookAtKernels(files, &need));
  ASSIGN_OR_RETURN(const bool asked, Exists(files, kAsked));
  if (!asked) {
    return need;
  }
  ASSIGN_OR_RETURN(const std::string text, ReadIfThere(files, fmt::format("{}.pkgs", kAsked)));
  std::set<std::string_view> packages;
  for (const std::string_view line : SplitLines(text)) {
    packages.insert(Trim(line));
  }
  packages.erase("");
  need.because.push_back(packages.empty()
                             ? fmt::format("{} is there", kAsked)
                             : fmt::format("{} wants it ({})", fmt::join(packages, ", "), kAsked));
  return need;
}

bool RunsReplacedFile(const FileReader& files, int64_t pid) {
  const std::string maps = ReadText(files, fmt::format("/proc/{}/maps", pid));
  if (maps.find(" (deleted)\n") == std::string::npos) {
    return false;
  }
  const std::vector<std::string_view> lines = SplitLines(maps);
  return std::any_of(lines.begin(), lines.end(), MapsReplacedCode);
}

StaleUnits FindStaleUnits(const FileReader& files) {
  StaleUnits stale;
  std::set<std::string> units;
  const absl::StatusOr<std::vector<std::string>> names = files.List("/proc");
  const absl::StatusOr<std::string> own_world = files.ReadLink("/proc/self/ns/pid");
  std::string root = CgroupOf(files, "1");
  root.resize(root.ends_with("/init.scope") ? root.size() - std::string_view("/init.scope").size()
                                            : 0);
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    int64_t pid = 0;
    if (!ParseInt(name, &pid) || !RunsReplacedFile(files, pid)) {
      continue;
    }
    const absl::StatusOr<std::string> world = files.ReadLink(fmt::format("/proc/{}/ns/pid", pid));
    const std::string unit = UnitOf(CgroupOf(files, name), root);
    const bool foreign = world.ok() && own_world.ok() && *world != *own_world;
    if (foreign || unit.empty()) {
      continue;
    }
    units.insert(unit);
    stale.processes.push_back(pid);
  }
  stale.units.assign(units.begin(), units.end());
  std::sort(stale.processes.begin(), stale.processes.end());
  return stale;
}

}  // namespace fettle::sys
