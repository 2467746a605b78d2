// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/confine.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <iterator>

namespace fettle::recipe {
namespace {

constexpr unsigned kNobody = 65534;

// Sanitizers map terabytes and make calls of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

// Closes all descriptors but `keep`.
bool CloseAllBut(int keep) {
  const auto kept = static_cast<unsigned>(keep);
  return (keep == 0 || close_range(0, kept - 1, 0) == 0) && close_range(kept + 1, ~0U, 0) == 0;
}

bool Limit(__rlimit_resource_t resource, uint64_t value) {
  const rlimit limit = {value, value};
  return setrlimit(resource, &limit) == 0;
}

// Bytes of address space in use now; 0 when it cannot be told.
uint64_t MappedBytes() {
  const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return 0;
  }
  char text[64] = {};
  const ssize_t size = read(fd, text, sizeof(text) - 1);
  close(fd);
  uint64_t pages = 0;
  for (ssize_t i = 0; i < size && text[i] >= '0' && text[i] <= '9'; ++i) {
    pages = pages * 10 + static_cast<uint64_t>(text[i] - '0');
  }
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

bool SetLimits(const Confinement& confinement, uint64_t mapped) {
  return (kSanitized || mapped == 0 || Limit(RLIMIT_AS, mapped + confinement.memory_bytes)) &&
         Limit(RLIMIT_CPU, confinement.cpu_seconds) && Limit(RLIMIT_CORE, 0) &&
         Limit(RLIMIT_FSIZE, 0) && Limit(RLIMIT_NPROC, 0) && Limit(RLIMIT_MEMLOCK, 0);
}

// Also for a caller that is not root but has capabilities.
bool DropPrivileges() {
  if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
                         setresuid(kNobody, kNobody, kNobody) != 0)) {
    return false;
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  return syscall(SYS_capset, &header, none) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

bool AddRules(scmp_filter_ctx filter, int pipe) {
  // Memory, time, and the end of a process.
  constexpr int kPlain[] = {SCMP_SYS(brk),
                            SCMP_SYS(munmap),
                            SCMP_SYS(mremap),
                            SCMP_SYS(madvise),
                            SCMP_SYS(futex),
                            SCMP_SYS(clock_gettime),
                            SCMP_SYS(gettimeofday),
                            SCMP_SYS(exit),
                            SCMP_SYS(exit_group),
                            SCMP_SYS(rt_sigreturn),
                            SCMP_SYS(rt_sigprocmask),
                            SCMP_SYS(getrandom),
                            SCMP_SYS(restart_syscall),
                            SCMP_SYS(sched_yield),
                            SCMP_SYS(sched_getaffinity),
                            SCMP_SYS(gettid),
                            SCMP_SYS(getpid)};
  for (const int call : kPlain) {
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) != 0) {
      return false;
    }
  }
  // No memory that can be run, no file that could be mapped (there is no descriptor anyway).
  const auto not_executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
  return seccomp_rule_add(filter,
                          SCMP_ACT_ALLOW,
                          SCMP_SYS(mmap),
                          2,
                          not_executable,
                          SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS)) == 0 &&
         seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, not_executable) == 0 &&
         seccomp_rule_add(filter,
                          SCMP_ACT_ALLOW,
                          SCMP_SYS(write),
                          1,
                          SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(pipe), 0)) == 0 &&
         // abort() of its own.
         seccomp_rule_add(filter,
                          SCMP_ACT_ALLOW,
                          SCMP_SYS(tgkill),
                          1,
                          SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid()), 0)) == 0;
}

bool FilterSystemCalls(int pipe) {
  if (kSanitized) {
    return true;
  }
  const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
  // The filter is not released: the process ends soon, and its memory with it.
  return filter != nullptr && AddRules(filter, pipe) && seccomp_load(filter) == 0;
}

}  // namespace

bool Confine(const Confinement& confinement) {
  // Dies with its parent, whatever becomes of it.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
    return false;
  }
  const uint64_t mapped = MappedBytes();
  return CloseAllBut(confinement.pipe) && DropPrivileges() && SetLimits(confinement, mapped) &&
         FilterSystemCalls(confinement.pipe);
}

}  // namespace fettle::recipe
