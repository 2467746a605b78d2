// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/errno.h"

namespace fettle::sys {
namespace {

enum class Step : uint8_t { kNone, kDescriptors, kIdentity, kDirectory, kExec };

// What parent and child share while the parent is held in vfork(2).
struct Shared {
  const SpawnPlan& plan;
  char** argv;
  char** environment;
  const sigset_t* signals;  // The mask that the child gets back.
  Step failed = Step::kNone;
  int error = 0;
};

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& text : strings) {
    pointers.push_back(const_cast<char*>(text.c_str()));  // execve(2) does not write to them.
  }
  pointers.push_back(nullptr);
  return pointers;
}

// System calls directly: the C library's setuid(2) and friends would change every thread of the
// parent, whose memory this is.
bool TakeIdentity(const Identity& identity) {
  return syscall(SYS_setgroups, identity.groups.size(), identity.groups.data()) == 0 &&
         syscall(SYS_setresgid, identity.gid, identity.gid, identity.gid) == 0 &&
         syscall(SYS_setresuid, identity.uid, identity.uid, identity.uid) == 0;
}

void ResetSignals(const sigset_t* mask) {
  // An ignored signal stays ignored across exec; handlers do not.
  constexpr std::array<int, 8> kOftenIgnored = {
      SIGPIPE, SIGCHLD, SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGUSR1, SIGUSR2};

  struct sigaction action {};

  action.sa_handler = SIG_DFL;
  for (const int number : kOftenIgnored) {
    sigaction(number, &action, nullptr);
  }
  sigprocmask(SIG_SETMASK, mask, nullptr);  // NOLINT(concurrency-mt-unsafe): the child is alone
}

// In the child, on the parent's memory: no allocation, no locks, no return.
[[noreturn]] void RunChild(Shared& shared) {
  const SpawnPlan& plan = shared.plan;
  const auto fail = [&shared](Step step) {
    shared.failed = step;
    shared.error = errno;
    _exit(127);
  };
  setsid();
  if (plan.control_group >= 0 && write(plan.control_group, "0", 1) != 1) {
    // Then it runs in ours, as without one.
  }
  if (dup2(plan.in, 0) < 0 || dup2(plan.out, 1) < 0 || dup2(plan.err, 2) < 0 ||
      syscall(SYS_close_range, 3U, ~0U, 0U) != 0) {
    fail(Step::kDescriptors);
  }
  if (plan.identity.has_value() && !TakeIdentity(*plan.identity)) {
    fail(Step::kIdentity);
  }
  // As the user himself: he may not be allowed to enter it.
  if (chdir(plan.directory.c_str()) != 0) {
    fail(Step::kDirectory);
  }
  umask(plan.umask.value_or(022));
  ResetSignals(shared.signals);
  execve(plan.program.c_str(), shared.argv, shared.environment);
  fail(Step::kExec);
  _exit(127);
}

absl::Status SpawnError(const Shared& shared) {
  const SpawnPlan& plan = shared.plan;
  switch (shared.failed) {
    case Step::kIdentity:
      return PermissionDenied(
          "cannot run {} as uid {}: {}", plan.program, plan.identity->uid, ErrnoText(shared.error));
    case Step::kDirectory:
      return FailedPrecondition("cannot run {}: cannot enter the directory {}: {}",
                                plan.program,
                                plan.directory,
                                ErrnoText(shared.error));
    case Step::kExec:
      break;
    case Step::kDescriptors:
    case Step::kNone:
      return ErrnoStatus(shared.error, "start", plan.program);
  }
  if (shared.error == ENOEXEC) {
    return FailedPrecondition(
        "cannot run {}: it is neither a program nor a script that begins with \"#!\"",
        plan.program);
  }
  if (shared.error == ENOENT && access(plan.program.c_str(), F_OK) == 0) {
    return FailedPrecondition("cannot run {}: the interpreter it names is not installed",
                              plan.program);
  }
  return ErrnoStatus(shared.error, "run", plan.program);
}

// Apart from the caller, whose variables the child must not clobber.
[[gnu::noinline]] pid_t Fork(Shared& shared) {
  const pid_t pid = vfork();
  if (pid == 0) {
    RunChild(shared);
  }
  return pid;
}

bool IsProgram(const std::string& path) {
  struct stat info {};

  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && access(path.c_str(), X_OK) == 0;
}

}  // namespace

absl::StatusOr<Child> Spawn(const SpawnPlan& plan) {
  std::vector<char*> argv = Pointers(plan.argv);
  std::vector<char*> environment = Pointers(plan.environment);
  // No handler of ours may run in the child, on our memory.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  sigset_t clean;
  sigemptyset(&clean);
  Shared shared{plan, argv.data(), environment.data(), &clean};
  Child child;
  child.pid = Fork(shared);
  const int fork_error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (child.pid < 0) {
    return ErrnoStatus(fork_error, "start", plan.program);
  }
  if (shared.failed != Step::kNone) {
    Reap(child);
    return SpawnError(shared);
  }
  // Not reaped yet, so the number is still this child's. (glibc 2.36 has the function, but not for
  // C++.)
  child.pidfd = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, child.pid, 0)));
  if (!child.pidfd.valid()) {
    const int error = errno;
    kill(-child.pid, SIGKILL);
    Reap(child);
    return ErrnoStatus(error, "watch", plan.program);
  }
  return child;
}

int Reap(const Child& child) {
  int status = 0;
  while (waitpid(child.pid, &status, 0) < 0) {
    if (errno != EINTR) {
      return 127;  // Someone else reaped it: its code is lost.
    }
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

absl::StatusOr<std::string> FindProgram(const std::string& name) {
  if (name.empty() || name.find('\0') != std::string::npos) {
    return InvalidArgument("a command without a program");
  }
  if (name[0] == '/') {
    if (access(name.c_str(), F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
      return NotFound("no program {}", name);
    }
    return name;
  }
  if (name.find('/') != std::string::npos) {
    return InvalidArgument("program \"{}\": give an absolute path or a bare name", name);
  }
  for (const std::string_view directory : Split(kSearchPath, ':')) {
    std::string path = fmt::format("{}/{}", directory, name);
    if (IsProgram(path)) {
      return path;
    }
  }
  return NotFound("no program {} in {}", name, kSearchPath);
}

UniqueFd AboveStandard(UniqueFd fd) {
  if (!fd.valid() || fd.get() > 2) {
    return fd;
  }
  return UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
}

}  // namespace fettle::sys
