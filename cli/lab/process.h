// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/base/deadline.h"

namespace fettle::lab {

// A process that a pid of later days can't be mistaken for: the pid, and when it was started.
struct ProcessId {
  pid_t pid = 0;
  uint64_t start_time = 0;  // Clock ticks since boot, field 22 of /proc/PID/stat.
};

// The process that has `pid` now. kNotFound when there is none, or only its zombie.
absl::StatusOr<ProcessId> Identify(pid_t pid);

// Whether that very process still runs; a zombie does not.
bool IsAlive(const ProcessId& process);

// SIGKILL to that very process and no other; OK when it is gone already.
absl::Status KillProcess(const ProcessId& process);

// Waits until that process has ended. kDeadlineExceeded names it.
absl::Status WaitForEnd(const ProcessId& process, Deadline deadline);

// Pids of running processes whose command line has an argument that starts with `prefix`, started
// from a program called `program`.
std::vector<pid_t> FindProcesses(const std::string& program, const std::string& prefix);

struct RunResult {
  int exit_code = 0;   // 128 + signal when killed by one.
  std::string output;  // Standard output and error, as they came.
};

// Runs `body` in a forked child with `input` on its standard input and returns what it printed; the
// value that `body` returns is the exit code. The child is killed when time is up
// (kDeadlineExceeded). `body` may change the child's namespaces and may exec.
absl::StatusOr<RunResult> RunForked(const std::function<int()>& body,
                                    const std::string& input,
                                    Deadline deadline);

// Runs a program found in PATH. kInternal with what it printed when it exits with another code than
// 0, kNotFound when it isn't installed.
absl::Status RunProgram(const std::vector<std::string>& argv,
                        const std::string& input,
                        Deadline deadline);

// Replaces this process by argv, found in this process's PATH. Returns only on failure, with the
// exit code that shells use for it (127 or 126), after a message on standard error.
int ExecProgram(const std::vector<std::string>& argv);

}  // namespace fettle::lab
