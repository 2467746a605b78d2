// SPDX-License-Identifier: Apache-2.0
#include "agent/link/confine.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

#include "lib/base/status_macros.h"

namespace fettle::link {
namespace {

absl::Status Failed(std::string_view what, int error) {
  return FailedPrecondition("cannot {}: {}", what, std::generic_category().message(error));
}

// What nothing in a program that only talks does: death, so that whoever tries is noticed.
constexpr std::array<std::string_view, 9> kDeadly = {"execve",
                                                     "execveat",
                                                     "ptrace",
                                                     "process_vm_readv",
                                                     "process_vm_writev",
                                                     "init_module",
                                                     "finit_module",
                                                     "kexec_load",
                                                     "kexec_file_load"};

// Refused with EPERM: libraries try some of them and go on without.
constexpr std::array<std::string_view, 64> kRefused = {"mount",
                                                       "umount2",
                                                       "move_mount",
                                                       "open_tree",
                                                       "fsopen",
                                                       "fsmount",
                                                       "fsconfig",
                                                       "fspick",
                                                       "mount_setattr",
                                                       "pivot_root",
                                                       "chroot",
                                                       "setns",
                                                       "unshare",
                                                       "bpf",
                                                       "perf_event_open",
                                                       "delete_module",
                                                       "reboot",
                                                       "swapon",
                                                       "swapoff",
                                                       "personality",
                                                       "userfaultfd",
                                                       "io_uring_setup",
                                                       "io_uring_enter",
                                                       "io_uring_register",
                                                       "setuid",
                                                       "setgid",
                                                       "setreuid",
                                                       "setregid",
                                                       "setresuid",
                                                       "setresgid",
                                                       "setgroups",
                                                       "setfsuid",
                                                       "setfsgid",
                                                       "capset",
                                                       "keyctl",
                                                       "add_key",
                                                       "request_key",
                                                       "creat",
                                                       "mknod",
                                                       "mknodat",
                                                       "link",
                                                       "linkat",
                                                       "symlink",
                                                       "symlinkat",
                                                       "rename",
                                                       "renameat",
                                                       "renameat2",
                                                       "unlink",
                                                       "unlinkat",
                                                       "mkdir",
                                                       "mkdirat",
                                                       "rmdir",
                                                       "chmod",
                                                       "fchmod",
                                                       "fchmodat",
                                                       "chown",
                                                       "fchown",
                                                       "lchown",
                                                       "fchownat",
                                                       "truncate",
                                                       "setxattr",
                                                       "fork",
                                                       "vfork",
                                                       "pidfd_getfd"};

// The two ways to write in O_ACCMODE, and making a file.
constexpr std::array<uint64_t, 3> kWriting = {01, 02, 0100};

using Filter = std::unique_ptr<void, void (*)(scmp_filter_ctx)>;

int AddAll(const Filter& filter, std::span<const std::string_view> names, uint32_t action) {
  for (const std::string_view name : names) {
    const int number = seccomp_syscall_resolve_name(std::string(name).c_str());
    // An architecture that never had the call needs no rule for it.
    if (number == __NR_SCMP_ERROR) {
      continue;
    }
    if (const int error = seccomp_rule_add(filter.get(), action, number, 0); error != 0) {
      return error;
    }
  }
  return 0;
}

// Threads, but no processes; files to read, but not to write.
int AddByArgument(const Filter& filter) {
  const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
  int error = seccomp_rule_add(
      filter.get(), refuse, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
  // Its flags lie in memory, where a filter cannot look; without it the C library uses clone.
  error = error != 0 ? error
                     : seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  error = error != 0 ? error
                     : seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0);
  for (const uint64_t flag : kWriting) {
    error = error != 0 ? error
                       : seccomp_rule_add(filter.get(),
                                          refuse,
                                          SCMP_SYS(openat),
                                          1,
                                          SCMP_A2(SCMP_CMP_MASKED_EQ, flag, flag));
    error =
        error != 0
            ? error
            : seccomp_rule_add(
                  filter.get(), refuse, SCMP_SYS(open), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, flag, flag));
  }
  return error;
}

absl::Status FilterCalls() {
  const Filter filter(seccomp_init(SCMP_ACT_ALLOW), &seccomp_release);
  if (filter == nullptr) {
    return FailedPrecondition("cannot make a system call filter: out of memory");
  }
  int error = AddAll(filter, kDeadly, SCMP_ACT_KILL_PROCESS);
  error = error != 0 ? error : AddAll(filter, kRefused, SCMP_ACT_ERRNO(EPERM));
  error = error != 0 ? error : AddByArgument(filter);
  error = error != 0 ? error : seccomp_load(filter.get());
  return error == 0 ? absl::OkStatus() : Failed("load the system call filter", -error);
}

absl::Status DropIdentity(const Unprivileged& who) {
  if (::setgroups(0, nullptr) != 0) {
    return Failed("drop the supplementary groups", errno);
  }
  if (::setresgid(who.gid, who.gid, who.gid) != 0 || ::setresuid(who.uid, who.uid, who.uid) != 0) {
    return Failed(fmt::format("become the user {}", who.name), errno);
  }
  if (::setuid(0) == 0) {
    return FailedPrecondition("still able to become root after becoming {}", who.name);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Unprivileged> FindUnprivileged(const std::string& user) {
  for (const std::string& name : {user, std::string("nobody")}) {
    struct passwd entry {};

    struct passwd* found = nullptr;
    std::array<char, 16 << 10> buffer{};
    ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr && (found->pw_uid == 0 || found->pw_gid == 0)) {
      return FailedPrecondition("the user {} is root or in its group; the link must not be", name);
    }
    if (found != nullptr) {
      return Unprivileged{found->pw_uid, found->pw_gid, name};
    }
  }
  return FailedPrecondition("there is neither a user {} nor nobody to run the link as", user);
}

absl::Status Confine(const Unprivileged& who, pid_t parent) {
  if (::chdir("/") != 0) {
    return Failed("change to /", errno);
  }
  if (::getuid() == 0) {
    RETURN_IF_ERROR(DropIdentity(who));
  }

  const struct rlimit none { 0, 0 };

  if (::setrlimit(RLIMIT_CORE, &none) != 0) {
    return Failed("forbid core dumps", errno);
  }
  // After the change of user, which resets both.
  if (::prctl(PR_SET_DUMPABLE, 0) != 0 || ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
    return Failed("hide from other processes", errno);
  }
  if (::getppid() != parent) {
    return FailedPrecondition("the agent that started this link is gone");
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Failed("forbid new privileges", errno);
  }
  return FilterCalls();
}

}  // namespace fettle::link
