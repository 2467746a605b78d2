// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/dpkg_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "absl/time/clock.h"

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/read_fd.h"
#include "lib/sys/unique_fd.h"

namespace fettle::sys {
namespace {

// fcntl(2) locks cannot be waited for with a time limit without a signal: look again so often.
constexpr absl::Duration kLookAgain = absl::Milliseconds(250);

constexpr std::size_t kMostShown = 120;

std::string ReadProc(pid_t pid, const char* file) {
  const std::string path = fmt::format("/proc/{}/{}", pid, file);
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  return fd.valid() && ReadAll(fd.get(), 0, 1U << 20, &text) == 0 ? text : "";
}

std::string ProgramOf(pid_t pid) {
  const std::string name = ReadProc(pid, "comm");
  return name.empty() ? "a process" : std::string(Trim(name));
}

// ": apt-get -y upgrade"; "" when it has gone. On one line.
std::string CommandOf(pid_t pid) {
  std::string line = ReadProc(pid, "cmdline");
  while (!line.empty() && line.back() == '\0') {
    line.pop_back();
  }
  for (char& c : line) {
    c = c >= 0 && c < ' ' ? ' ' : c;
  }
  const bool cut = line.size() > kMostShown;
  return line.empty() ? "" : fmt::format(": {}{}", line.substr(0, kMostShown), cut ? "…" : "");
}

}  // namespace

std::string LockHolder(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return "";
  }

  struct flock lock {};

  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (fcntl(fd.get(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) {
    return "";
  }
  // A holder in another process namespace has no number here.
  return lock.l_pid > 0
             ? fmt::format(
                   "{} (pid {}{})", ProgramOf(lock.l_pid), lock.l_pid, CommandOf(lock.l_pid))
             : "a process of another container";
}

absl::Status AwaitLocks(std::span<const std::string> paths, Deadline deadline) {
  for (;;) {
    std::string holder;
    for (const std::string& path : paths) {
      holder = holder.empty() ? LockHolder(path) : holder;
    }
    if (holder.empty()) {
      return absl::OkStatus();
    }
    if (deadline.expired()) {
      return absl::ResourceExhaustedError(fmt::format(
          "the package manager's lock is held by {}; waited as long as allowed, nothing was "
          "changed",
          holder));
    }
    absl::SleepFor(std::min(kLookAgain, deadline.Remaining()));
  }
}

}  // namespace fettle::sys
