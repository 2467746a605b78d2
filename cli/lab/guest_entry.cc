// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>

#include "cli/lab/cgroup.h"
#include "cli/lab/files.h"
#include "cli/lab/guest.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::lab {
namespace {

constexpr int kNamespaces =
    CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWCGROUP;

// The capabilities that the guest's processes can have at most.
absl::StatusOr<uint64_t> BoundingSet(pid_t pid) {
  ASSIGN_OR_RETURN(const std::string text, ReadText(fmt::format("/proc/{}/status", pid)));
  for (const std::string_view line : SplitLines(text)) {
    if (line.starts_with("CapBnd:")) {
      const std::string_view hex = SplitWords(line).back();
      uint64_t value = 0;
      std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
      return value;
    }
  }
  return Internal("/proc/{}/status has no CapBnd line", pid);
}

// A command in a host must not be able to do what the host itself can't (load a kernel module, set
// the machine's clock). Takes effect with the next exec.
absl::Status LimitCapabilities(uint64_t bounding_set) {
  constexpr unsigned kCapabilities = 64;
  for (unsigned capability = 0; capability < kCapabilities; ++capability) {
    const bool kept = ((bounding_set >> capability) & 1U) != 0;
    if (!kept && prctl(PR_CAPBSET_DROP, capability) != 0 && errno != EINVAL) {
      return ErrnoStatus(errno, "cannot give up a capability");
    }
  }
  return absl::OkStatus();
}

absl::Status EnterGuest(const ProcessId& leader) {
  ASSIGN_OR_RETURN(const uint64_t bounding_set, BoundingSet(leader.pid));
  JoinCgroupsOf(leader.pid);
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, leader.pid, 0));
  if (pidfd < 0 || !IsAlive(leader)) {
    return Unavailable("the host is not running");
  }
  const int entered = setns(pidfd, kNamespaces);
  const int error = errno;
  close(pidfd);
  if (entered != 0) {
    return ErrnoStatus(error, "cannot enter the host's namespaces");
  }
  if (chdir("/root") != 0 && chdir("/") != 0) {
    return ErrnoStatus(errno, "cannot enter the host's file system");
  }
  return LimitCapabilities(bounding_set);
}

[[noreturn]] void BecomeCommand(const std::vector<std::string>& argv,
                                const std::map<std::string, std::string>& environment,
                                const sigset_t& signals) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  pthread_sigmask(SIG_SETMASK, &signals, nullptr);
  std::map<std::string, std::string> variables = {
      {"HOME", "/root"},
      {"LANG", "C.UTF-8"},
      {"LOGNAME", "root"},
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"SHELL", "/bin/bash"},
      {"USER", "root"},
  };
  for (const auto& [name, value] : environment) {
    variables[name] = value;
  }
  // env(1) looks the command up in the PATH given here, not in ours, and has the usual exit codes.
  std::vector<std::string> words = {"/usr/bin/env", "-i"};
  for (const auto& [name, value] : variables) {
    words.push_back(fmt::format("{}={}", name, value));
  }
  words.insert(words.end(), argv.begin(), argv.end());
  _exit(ExecProgram(words));
}

// Waits for `child`, passing SIGTERM and SIGHUP on. `signals`: those two and SIGCHLD, blocked.
int WaitFor(pid_t child, const sigset_t& signals) {
  int wait_status = 0;
  while (waitpid(child, &wait_status, WNOHANG) != child) {
    const int signal = sigwaitinfo(&signals, nullptr);
    if (signal == SIGTERM || signal == SIGHUP) {
      kill(child, signal);
    }
  }
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

}  // namespace

absl::StatusOr<int> RunInside(const ProcessId& leader,
                              const std::vector<std::string>& argv,
                              const std::map<std::string, std::string>& environment) {
  sigset_t signals;
  sigset_t before;
  sigemptyset(&signals);
  for (const int signal : {SIGCHLD, SIGTERM, SIGHUP, SIGINT, SIGQUIT}) {
    // The last two reach the command from the terminal itself, and must not end us before it.
    sigaddset(&signals, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  RETURN_IF_ERROR(EnterGuest(leader));
  const pid_t child = fork();
  if (child == 0) {
    BecomeCommand(argv, environment, before);
  }
  if (child < 0) {
    return ErrnoStatus(errno, "cannot start a process in the host");
  }
  return WaitFor(child, signals);
}

}  // namespace fettle::lab
