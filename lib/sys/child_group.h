// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lib/sys/unique_fd.h"

namespace fettle::sys {

// A control group of its own for one child and all that it starts, however they detach themselves:
// a time limit ends them all. Made below our own group, and only where systemd has delegated that
// to us (Delegate=yes in the agent's unit); anywhere else there is none, and a time limit ends the
// child's process group. What a command leaves running on purpose stays in its group, where
// systemd-cgls shows it. Only for lib/sys.
class ChildGroup {
 public:
  // None.
  ChildGroup() = default;

  // Below `parent`, the folder of a control group; none when `parent` is "" or it cannot be made:
  // a command is worth more than its group.
  explicit ChildGroup(const std::string& parent);

  // The folder goes if nothing is left in it.
  ~ChildGroup();

  ChildGroup(const ChildGroup&) = delete;
  ChildGroup& operator=(const ChildGroup&) = delete;

  // Where the child writes "0" to join, 3 or higher; -1: there is no group.
  int procs() const { return procs_.get(); }

  // Sends every process in it `signal`.
  void Signal(int signal) const;

  // Ends every process in it at once, also those that are just being started.
  void Kill() const;

 private:
  std::string path_;  // "" when there is none.
  UniqueFd procs_;
};

// The folder of our own control group, if it is ours to divide; "" otherwise. Found out once a
// process.
const std::string& DelegatedGroup();

}  // namespace fettle::sys
