// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/base/deadline.h"

namespace fettle::sys {

// A program to run. No shell, standard input closed unless `input` is set, a fresh environment
// (PATH, HOME, LANG=C.UTF-8, LC_ALL=C.UTF-8 and what `environment` adds), a process group of its
// own, and in the agent a control group, that is killed whole when time is up.
struct Command {
  std::vector<std::string> argv =
      {};  // argv[0] is looked up in a fixed PATH unless it is absolute.
  std::map<std::string, std::string> environment = {};
  std::string directory = "/";
  std::string user = {};  // Run as this local user; "" for our own.
  std::string group = {};
  std::optional<uint32_t> umask = {};
  std::optional<std::string> input = {};
  std::size_t max_output =
      64 << 10;  // Of each stream; beyond it the beginning is dropped and the tail kept.
};

struct CommandResult {
  int exit_code = 0;  // 128 + signal when killed by one.
  std::string out;
  std::string err;
  bool output_cut = false;

  // The last lines of both streams for a message, at most about `bytes`.
  std::string Tail(std::size_t bytes = 2000) const;
};

// Runs programs that only look: guards (only_if, unless), checks. What a probe does to the machine
// is its author's promise, the only one of its kind; lint restricts who calls it.
class Prober {
 public:
  virtual ~Prober() = default;

  // OK with any exit code. kNotFound: no such program. kDeadlineExceeded: killed, with what it had
  // printed.
  virtual absl::StatusOr<CommandResult> Probe(const Command& command, Deadline deadline) const = 0;

  // One HTTP(S) GET without redirects: status code and the first 64 KiB of the body. kUnavailable:
  // no answer.
  struct HttpAnswer {
    int status = 0;
    std::string body;
  };

  virtual absl::StatusOr<HttpAnswer> HttpGet(const std::string& url, Deadline deadline) const = 0;

  // Whether a TCP connection can be made. kUnavailable says why not.
  virtual absl::Status TcpConnect(const std::string& host,
                                  uint16_t port,
                                  Deadline deadline) const = 0;
};

// Runs programs that change things.
class CommandRunner {
 public:
  virtual ~CommandRunner() = default;

  // As Prober::Probe().
  virtual absl::StatusOr<CommandResult> Run(const Command& command, Deadline deadline) = 0;
};

}  // namespace fettle::sys
