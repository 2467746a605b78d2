// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace fettle::resource {

// Who changed something on a host behind our back, as far as it is known. What could not be known
// is empty, and `note` says why.
struct Actor {
  enum class Certainty : uint8_t {
    kUnknown,   // Nothing is known but the note.
    kProbable,  // It fits in time and place; nobody saw it do it.
    kCertain,   // The kernel or the bus named it.
  };

  Certainty certainty = Certainty::kUnknown;
  int64_t pid = 0;
  std::string executable;   // "/usr/bin/vim.basic".
  std::string command;      // Its arguments as one line, secrets replaced.
  std::string user;         // It ran as.
  std::string login;        // Who logged in, whatever they became since (the kernel's loginuid).
  std::string unit;         // systemd's: "session-3.scope", "cron.service".
  std::string ssh_source;   // "10.0.0.7" of who came in by ssh.
  std::string transaction;  // Of the package manager: "apt remove nginx".
  std::string note;         // What could not be known, and why.
  bool operator==(const Actor&) const = default;
};

// "unknown", "probable", "certain".
std::string CertaintyName(Actor::Certainty certainty);

// One line for people: "vim /etc/motd (pid 812, root, login ann, session-3.scope, ssh from
// 10.0.0.7)". Never empty.
std::string DescribeActor(const Actor& actor);

}  // namespace fettle::resource
