// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/child_group.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include <fmt/format.h>

#include "lib/base/text.h"
#include "lib/sys/read_fd.h"
#include "lib/sys/spawn.h"

namespace fettle::sys {
namespace {

// Files of the kernel's: they are short and tell no size.
std::string ReadShort(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!fd.valid() || ReadAll(fd.get(), 0, 1 << 20, &text) != 0) {
    return "";
  }
  return text;
}

// systemd marks the groups that it has handed over.
bool IsDelegated(const std::string& path) {
  std::array<char, 4> value{};
  for (const char* name : {"trusted.delegate", "user.delegate"}) {
    if (getxattr(path.c_str(), name, value.data(), value.size()) == 1 && value[0] == '1') {
      return true;
    }
  }
  return false;
}

std::string FindDelegatedGroup() {
  constexpr std::string_view kUnified = "0::";
  const std::string groups = ReadShort("/proc/self/cgroup");
  for (const std::string_view line : SplitLines(groups)) {
    if (!line.starts_with(kUnified)) {
      continue;
    }
    for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      std::string path = fmt::format("{}{}", mount, line.substr(kUnified.size()));
      if (IsDelegated(path)) {
        return path;
      }
    }
  }
  return "";
}

}  // namespace

const std::string& DelegatedGroup() {
  static const std::string group = FindDelegatedGroup();
  return group;
}

ChildGroup::ChildGroup(const std::string& parent) {
  static std::atomic<uint64_t> last{0};
  if (parent.empty()) {
    return;
  }
  const std::string path = fmt::format("{}/command-{}-{}", parent, getpid(), ++last);
  if (mkdir(path.c_str(), 0755) != 0) {
    return;
  }
  path_ = path;
  procs_ = AboveStandard(UniqueFd(open((path_ + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC)));
}

ChildGroup::~ChildGroup() {
  if (!path_.empty()) {
    rmdir(path_.c_str());
  }
}

void ChildGroup::Signal(int signal) const {
  const std::string members = path_.empty() ? "" : ReadShort(path_ + "/cgroup.procs");
  for (const std::string_view line : SplitLines(members)) {
    int64_t pid = 0;
    if (ParseInt(line, &pid) && pid > 1) {
      kill(static_cast<pid_t>(pid), signal);
    }
  }
}

void ChildGroup::Kill() const {
  if (path_.empty()) {
    return;
  }
  const UniqueFd fd(open((path_ + "/cgroup.kill").c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid() || write(fd.get(), "1", 1) != 1) {
    Signal(SIGKILL);  // A kernel before 5.14.
  }
}

}  // namespace fettle::sys
