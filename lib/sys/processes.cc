// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/processes.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/passwd_files.h"
#include "lib/sys/read_fd.h"
#include "lib/sys/unique_fd.h"

namespace fettle::sys {
namespace {

constexpr uint64_t kMost = 256U << 10;
constexpr uint32_t kNoLogin = 0xffffffffU;

std::string ReadProc(int64_t pid, const char* name) {
  const UniqueFd fd(::open(fmt::format("/proc/{}/{}", pid, name).c_str(), O_RDONLY | O_CLOEXEC));
  std::string content;
  if (!fd.valid() || ReadAll(fd.get(), 0, kMost, &content) != 0) {
    return "";
  }
  return content;
}

std::string ReadExecutable(int64_t pid) {
  std::array<char, PATH_MAX> target = {};
  const ssize_t size =
      ::readlink(fmt::format("/proc/{}/exe", pid).c_str(), target.data(), target.size());
  return size > 0 ? std::string(target.data(), static_cast<std::size_t>(size)) : "";
}

// The first number after "Name:" in the text of /proc/PID/status, at place `field`.
int64_t StatusField(std::string_view status, std::string_view name, std::size_t field) {
  for (const std::string_view line : SplitLines(status)) {
    if (!line.starts_with(name)) {
      continue;
    }
    std::vector<std::string_view> words;
    for (const std::string_view word : Split(line, '\t')) {
      words.push_back(Trim(word));
    }
    int64_t number = 0;
    return field < words.size() && ParseInt(words[field], &number) ? number : 0;
  }
  return 0;
}

std::vector<std::string> SplitZero(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = text.find('\0');
    parts.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
  }
  return parts;
}

// Of the unified hierarchy, or of systemd's where there are several.
std::string CgroupOf(std::string_view text) {
  for (const std::string_view line : SplitLines(text)) {
    const std::size_t colon = line.find(':', line.find(':') + 1);
    if (colon != std::string_view::npos &&
        (line.starts_with("0::") || line.find(":name=systemd:") != std::string_view::npos)) {
      return std::string(line.substr(colon + 1));
    }
  }
  return "";
}

}  // namespace

std::optional<ProcessInfo> LinuxProcesses::Look(int64_t pid) const {
  // What goes first is read first: the executable and arguments vanish as a process ends.
  ProcessInfo info;
  info.pid = pid;
  info.executable = ReadExecutable(pid);
  info.arguments = SplitZero(ReadProc(pid, "cmdline"));
  info.cgroup = CgroupOf(ReadProc(pid, "cgroup"));
  const std::string status = ReadProc(pid, "status");
  if (status.empty()) {
    return std::nullopt;
  }
  const std::vector<std::string_view> lines = SplitLines(status);
  info.name = lines.empty() || !lines[0].starts_with("Name:") ? "" : Trim(lines[0].substr(5));
  info.parent = StatusField(status, "PPid:", 1);
  info.uid = static_cast<uint32_t>(StatusField(status, "Uid:", 2));
  int64_t login = 0;
  if (ParseInt(Trim(ReadProc(pid, "loginuid")), &login) && login != kNoLogin) {
    info.login_uid = static_cast<uint32_t>(login);
  }
  return info;
}

std::string LinuxProcesses::Variable(int64_t pid, std::string_view name) const {
  for (const std::string& one : SplitZero(ReadProc(pid, "environ"))) {
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=') {
      return one.substr(name.size() + 1);
    }
  }
  return "";
}

std::vector<int64_t> LinuxProcesses::Named(std::string_view name) const {
  std::vector<int64_t> pids;
  const UniqueFd proc(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::vector<std::string> names;
  if (!proc.valid() || ReadNames(proc.get(), &names) != 0) {
    return pids;
  }
  for (const std::string& entry : names) {
    int64_t pid = 0;
    if (ParseInt(entry, &pid) && Trim(ReadProc(pid, "comm")) == name) {
      pids.push_back(pid);
    }
  }
  return pids;
}

std::string LinuxProcesses::Tail(const std::string& path, std::size_t most) const {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  const off_t size = fd.valid() ? ::lseek(fd.get(), 0, SEEK_END) : 0;
  const bool cut = size > static_cast<off_t>(most);
  std::string text;
  if (!fd.valid() || ::lseek(fd.get(), cut ? size - static_cast<off_t>(most) : 0, SEEK_SET) < 0 ||
      ReadAll(fd.get(), 0, most + kMost, &text) != 0) {
    return "";
  }
  return cut ? text.substr(std::min(text.find('\n'), text.size())) : text;
}

std::string LinuxProcesses::UserName(uint32_t uid) const {
  const auto files = ReadAccountFiles("");
  const User* const user = files.ok() ? files->FindUser(uid) : nullptr;
  return user != nullptr ? user->name : std::to_string(uid);
}

}  // namespace fettle::sys
