// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "lib/resource/actor.h"
#include "lib/sys/processes.h"

namespace fettle::watch {

// Who made a change.
struct Culprit {
  resource::Actor actor;
  bool ours = false;  // The agent, or a process it started.
};

// Finds out who makes changes, from the process that the kernel names. To be asked at once: a
// process that has gone can no longer be asked. What was found is kept a little while, so that a
// process that changes much is looked at once. One thread.
class Who {
 public:
  // `self` is the agent's own process.
  Who(const sys::ProcessReader& processes, int64_t self) : processes_(processes), self_(self) {}

  Culprit OfProcess(int64_t pid, absl::Duration now);

  // systemd says that a unit changed, not who asked. A systemctl that names it and is still running
  // is probably it.
  Culprit OfUnit(std::string_view unit) const;

  // What the package manager's logs say of the latest change of `package`.
  std::string TransactionOf(std::string_view package) const;
  // What dpkg's own log says of it; LastDpkgAction().
  std::string ActionOf(std::string_view package) const;

 private:
  struct Known {
    int64_t pid = 0;
    absl::Duration when;
    Culprit culprit;
  };

  Culprit Find(int64_t pid) const;
  // The process and those that led to it, itself first; empty when it has gone.
  std::vector<sys::ProcessInfo> Line(int64_t pid) const;
  void Describe(const std::vector<sys::ProcessInfo>& line,
                std::size_t chosen,
                resource::Actor* actor) const;

  const sys::ProcessReader& processes_;
  const int64_t self_;
  std::deque<Known> known_;
};

// systemd's unit of a cgroup: "session-3.scope" of "/user.slice/user-0.slice/session-3.scope"; "".
std::string UnitOfCgroup(std::string_view cgroup);

// The command of the last transaction in apt's history.log: "apt-get remove -y nginx, requested by
// ann (1000)"; "" when there is none.
std::string LastAptCommand(std::string_view history);

// The last line of dpkg.log that says that `package` was installed, upgraded, removed or purged:
// "2026-03-01 10:00:00 remove nginx:amd64 1.22.1-9 <none>"; "" when there is none.
std::string LastDpkgAction(std::string_view log, std::string_view package);

}  // namespace fettle::watch
