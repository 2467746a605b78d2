// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fettle::link {

struct Unprivileged {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
};

// The ids of `user`, or of nobody when there is no such user. kFailedPrecondition when there is
// neither, and for a user who is root.
absl::StatusOr<Unprivileged> FindUnprivileged(const std::string& user);

// Gives up, for good, everything that a process which talks to the network does not need: root (no
// supplementary groups, no capabilities, no way back), new privileges by exec, core dumps and being
// looked at by others, and by a filter the system calls that start programs, write files, trace,
// mount, load code into the kernel or change who we are. The process dies with the one that started
// it. To be called before any thread is started; an error means that it must not go on.
absl::Status Confine(const Unprivileged& who, pid_t parent);

}  // namespace fettle::link
