// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/cleanup/cleanup.h"

#include "lib/base/deadline.h"
#include "lib/base/status_macros.h"
#include "lib/recipe/confine.h"
#include "lib/recipe/evaluate.h"
#include "lib/recipe/evaluation.h"
#include "lib/recipe/result_codec.h"

namespace fettle::recipe {
namespace {

constexpr int kNotConfined = 97;
constexpr int kOutOfMemory = 98;
constexpr std::size_t kSlackBytes = 256U << 20;
constexpr absl::Duration kGrace = absl::Seconds(2);
constexpr int kPipeBytes = 1 << 20;  // As much as anybody may have.
// The evaluator's limit is of processor time; this many times as long may it take on a machine that
// is busy with other things.
constexpr int kPatience = 6;
constexpr std::size_t kReadBytes = 256U << 10;

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

uint64_t MemoryFor(const Limits& limits) {
  // Lua's own, values as declared and as a catalog, and its bytes.
  return limits.memory_bytes + 4 * limits.catalog_bytes + kSlackBytes;
}

// The life of the child. Never returns into the parent's code, runs no exit handlers of its.
[[noreturn]] void RunChild(const EvaluateInput& input, int pipe) {
  std::set_new_handler([] { _exit(kOutOfMemory); });
  const auto cpu = static_cast<uint64_t>(absl::ToInt64Seconds(input.limits.wall + kGrace)) + 1;
  if (!Confine({pipe, MemoryFor(input.limits), cpu})) {
    _exit(kNotConfined);
  }
  // Neither is freed: the process ends here, and its memory with it.
  auto* evaluation = new Evaluation(input);
  const auto* result = new EvaluateResult(evaluation->Run());
  _exit(WriteAll(pipe, EncodeResult(*result)) ? 0 : 1);
}

// What the child wrote up to its end, or why that could not be had.
absl::StatusOr<std::string> ReadAll(int fd, const Limits& limits) {
  const absl::Duration patience = kPatience * limits.wall + kGrace;
  const Deadline deadline = Deadline::After(patience);
  const std::size_t most = MemoryFor(limits);
  std::string block(kReadBytes, '\0');
  std::string bytes;
  for (;;) {
    pollfd wait = {fd, POLLIN, 0};
    const int ready = poll(&wait, 1, deadline.PollMilliseconds());
    if (ready == 0) {
      return DeadlineExceeded(
          "evaluation was not done after {} and was stopped; is the machine overloaded?",
          absl::FormatDuration(patience));
    }
    const ssize_t count = ready < 0 ? -1 : read(fd, block.data(), block.size());
    bytes.append(block.data(), static_cast<std::size_t>(count < 0 ? 0 : count));
    if (count == 0) {
      return bytes;
    }
    if (count < 0 && errno != EINTR) {
      return Internal("reading from the evaluator: {}", std::generic_category().message(errno));
    }
    if (bytes.size() > most) {
      return InvalidArgument("evaluation yields more than {} bytes", most);
    }
  }
}

// Waits for the child's end. -1 when somebody else reaped it.
int Reap(pid_t child) {
  int status = 0;
  pid_t reaped = 0;
  do {
    reaped = waitpid(child, &status, 0);
  } while (reaped < 0 && errno == EINTR);
  return reaped == child ? status : -1;
}

std::string DescribeEnd(int status, const Limits& limits) {
  if (status >= 0 && WIFEXITED(status)) {
    switch (WEXITSTATUS(status)) {
      case kOutOfMemory:
        return fmt::format("evaluation needs more memory than its {} MiB", MemoryFor(limits) >> 20);
      case kNotConfined:
        return "the evaluator could not be confined and did not start (is this kernel without "
               "seccomp, or a container that forbids it?)";
      default:
        return fmt::format("the evaluator ended with exit code {}", WEXITSTATUS(status));
    }
  }
  if (status >= 0 && WIFSIGNALED(status)) {
    switch (WTERMSIG(status)) {
      case SIGSYS:
        return "the evaluator was stopped: it tried a forbidden system call";
      case SIGXCPU:
      case SIGKILL:
        return "the evaluator was killed: out of time or memory";
      default:
        return fmt::format("the evaluator crashed with signal {}", WTERMSIG(status));
    }
  }
  return "the evaluator ended without a result";
}

EvaluateResult Failed(const EvaluateInput& input, std::string message) {
  EvaluateResult result;
  result.catalog.host = input.host;
  result.problems.push_back({std::move(message), {}});
  return result;
}

}  // namespace

absl::StatusOr<EvaluateResult> Evaluate(const EvaluateInput& input) {
  if (input.tree == nullptr) {
    return InvalidArgument("there is no policy tree to evaluate");
  }
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return Unavailable("cannot make a pipe to the evaluator: {}",
                       std::generic_category().message(errno));
  }
  // A catalog takes fewer turns then; without it, it only takes more.
  static_cast<void>(fcntl(ends[0], F_SETPIPE_SZ, kPipeBytes));
  const absl::Cleanup close_read = [&ends] { close(ends[0]); };
  const pid_t child = fork();
  if (child == 0) {
    RunChild(input, ends[1]);
  }
  const int fork_error = errno;
  close(ends[1]);
  if (child < 0) {
    return Unavailable("cannot start the evaluator: {}",
                       std::generic_category().message(fork_error));
  }
  const absl::StatusOr<std::string> bytes = ReadAll(ends[0], input.limits);
  if (!bytes.ok()) {
    kill(child, SIGKILL);
  }
  const int status = Reap(child);
  if (!bytes.ok()) {
    return Failed(input, std::string(Message(bytes.status())));
  }
  const bool ended_well = status == -1 || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
  if (!ended_well || bytes->empty()) {
    return Failed(input, DescribeEnd(status, input.limits));
  }
  absl::StatusOr<EvaluateResult> result = DecodeResult(*bytes);
  if (!result.ok()) {
    return Failed(
        input,
        fmt::format("the evaluator's result is not to be trusted: {}", Message(result.status())));
  }
  return result;
}

}  // namespace fettle::recipe
