// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "lib/sys/commands.h"

namespace fettle::sys {

// Runs a program as Prober::Probe() says. What it leaves running in its process group after a
// normal end stays; at the deadline the whole group gets SIGTERM, two seconds later SIGKILL. A
// process that left the group (a daemon) is not reached: the agent's cgroup is what holds those.
absl::StatusOr<CommandResult> RunCommand(const Command& command, Deadline deadline);

// Programs of this machine. Safe from many threads. `changed` is called after every Run(): a
// program may have changed what was read before.
class LinuxCommands final : public Prober, public CommandRunner {
 public:
  explicit LinuxCommands(std::function<void()> changed) : changed_(std::move(changed)) {}

  absl::StatusOr<CommandResult> Probe(const Command& command, Deadline deadline) const override;
  absl::StatusOr<HttpAnswer> HttpGet(const std::string& url, Deadline deadline) const override;
  absl::Status TcpConnect(const std::string& host, uint16_t port, Deadline deadline) const override;
  absl::StatusOr<CommandResult> Run(const Command& command, Deadline deadline) override;

 private:
  const std::function<void()> changed_;
};

}  // namespace fettle::sys
