// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>

#include "absl/cleanup/cleanup.h"

#include "cli/lab/files.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::lab {
namespace {

constexpr int kNoSuchProgram = 127;
constexpr int kNotExecutable = 126;

// A descriptor that stays with this very process even if its pid is given to another one.
int OpenPidfd(pid_t pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

// A verified pidfd, or -1 when that process is gone.
int OpenVerified(const ProcessId& process) {
  const int fd = process.pid > 0 ? OpenPidfd(process.pid) : -1;
  if (fd >= 0 && !IsAlive(process)) {
    close(fd);
    return -1;
  }
  return fd;
}

int ExitCode(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

[[noreturn]] void BecomeChild(const std::function<int()>& body, int input, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  _exit(body());
}

// Reads `fd` to its end. False when time is up.
bool ReadAll(int fd, Deadline deadline, std::string* output) {
  std::array<char, 4096> buffer;
  while (true) {
    pollfd wanted{.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = poll(&wanted, 1, deadline.PollMilliseconds());
    if (ready == 0) {
      return false;
    }
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count <= 0) {
      return true;
    }
    output->append(buffer.data(), static_cast<std::size_t>(count));
  }
}

bool CommandLineMatches(const std::string& pid,
                        const std::string& program,
                        const std::string& prefix) {
  const absl::StatusOr<std::string> text = ReadText("/proc/" + pid + "/cmdline");
  if (!text.ok() || text->empty()) {
    return false;
  }
  const std::vector<std::string_view> arguments = Split(*text, '\0');
  const std::string_view started = arguments.front();
  if (started != program && !started.ends_with("/" + program)) {
    return false;
  }
  for (const std::string_view argument : arguments) {
    if (argument.starts_with(prefix)) {
      return true;
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<ProcessId> Identify(pid_t pid) {
  ASSIGN_OR_RETURN(const std::string text, ReadText(fmt::format("/proc/{}/stat", pid)));
  // The second field is the command in brackets and may hold blanks and brackets itself.
  const std::size_t bracket = text.rfind(')');
  const std::vector<std::string_view> fields =
      SplitWords(std::string_view(text).substr(bracket == std::string::npos ? 0 : bracket + 1));
  int64_t start_time = 0;
  constexpr std::size_t kState = 0;
  constexpr std::size_t kStartTime = 19;
  if (fields.size() <= kStartTime || !ParseInt(fields[kStartTime], &start_time)) {
    return Internal("/proc/{}/stat: not in the form that proc(5) describes", pid);
  }
  if (fields[kState] == "Z" || fields[kState] == "X") {
    return NotFound("process {} has ended", pid);
  }
  return ProcessId{.pid = pid, .start_time = static_cast<uint64_t>(start_time)};
}

bool IsAlive(const ProcessId& process) {
  if (process.pid <= 0) {
    return false;
  }
  const absl::StatusOr<ProcessId> now = Identify(process.pid);
  return now.ok() && now->start_time == process.start_time;
}

absl::Status KillProcess(const ProcessId& process) {
  const int fd = OpenVerified(process);
  if (fd < 0) {
    return absl::OkStatus();
  }
  const absl::Cleanup closer = [fd] { close(fd); };
  if (syscall(SYS_pidfd_send_signal, fd, SIGKILL, nullptr, 0) != 0 && errno != ESRCH) {
    return ErrnoStatus(errno, fmt::format("cannot kill process {}", process.pid));
  }
  return absl::OkStatus();
}

absl::Status WaitForEnd(const ProcessId& process, Deadline deadline) {
  const int fd = OpenVerified(process);
  if (fd < 0) {
    return absl::OkStatus();
  }
  const absl::Cleanup closer = [fd] { close(fd); };
  pollfd wanted{.fd = fd, .events = POLLIN, .revents = 0};
  int ready = -1;
  do {
    ready = poll(&wanted, 1, deadline.PollMilliseconds());
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) {
    return DeadlineExceeded("process {} did not end in time", process.pid);
  }
  return absl::OkStatus();
}

std::vector<pid_t> FindProcesses(const std::string& program, const std::string& prefix) {
  std::vector<pid_t> found;
  for (const std::string& entry : ListFolder("/proc")) {
    int64_t pid = 0;
    if (ParseInt(entry, &pid) && CommandLineMatches(entry, program, prefix)) {
      found.push_back(static_cast<pid_t>(pid));
    }
  }
  return found;
}

absl::StatusOr<RunResult> RunForked(const std::function<int()>& body,
                                    const std::string& input,
                                    Deadline deadline) {
  std::array<int, 2> pipe_fds;
  const int input_fd = memfd_create("input", MFD_CLOEXEC);
  if (input_fd < 0 || pipe2(pipe_fds.data(), O_CLOEXEC) != 0) {
    return ErrnoStatus(errno, "cannot make the pipes of a child process");
  }
  const absl::Cleanup closer = [&] {
    close(input_fd);
    close(pipe_fds[0]);
  };
  if (write(input_fd, input.data(), input.size()) != static_cast<ssize_t>(input.size())) {
    return ErrnoStatus(errno, "cannot keep the input of a child process");
  }
  lseek(input_fd, 0, SEEK_SET);
  const pid_t pid = fork();
  if (pid == 0) {
    BecomeChild(body, input_fd, pipe_fds[1]);
  }
  close(pipe_fds[1]);
  if (pid < 0) {
    return ErrnoStatus(errno, "cannot start a child process");
  }
  RunResult result;
  const bool ended = ReadAll(pipe_fds[0], deadline, &result.output);
  if (!ended) {
    kill(pid, SIGKILL);
  }
  int wait_status = 0;
  while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) {
    return DeadlineExceeded("child process did not end in time; it printed: {}", result.output);
  }
  result.exit_code = ExitCode(wait_status);
  return result;
}

absl::Status RunProgram(const std::vector<std::string>& argv,
                        const std::string& input,
                        Deadline deadline) {
  absl::StatusOr<RunResult> result =
      RunForked([&argv] { return ExecProgram(argv); }, input, deadline);
  if (!result.ok()) {
    return Annotate(result.status(), argv[0]);
  }
  if (result->exit_code == kNoSuchProgram) {
    return NotFound("{}: {}", argv[0], Trim(result->output));
  }
  if (result->exit_code != 0) {
    return Internal(
        "{} failed with exit code {}: {}", argv[0], result->exit_code, Trim(result->output));
  }
  return absl::OkStatus();
}

int ExecProgram(const std::vector<std::string>& argv) {
  std::vector<char*> pointers;
  pointers.reserve(argv.size() + 1);
  for (const std::string& argument : argv) {
    pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  pointers.push_back(nullptr);
  execvp(pointers[0], pointers.data());
  const int code = errno == ENOENT ? kNoSuchProgram : kNotExecutable;
  const std::string message = fmt::format("cannot run {}: {}\n", argv[0], ErrnoText(errno));
  const ssize_t ignored = write(STDERR_FILENO, message.data(), message.size());
  static_cast<void>(ignored);
  return code;
}

}  // namespace fettle::lab
