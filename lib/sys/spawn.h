// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "lib/sys/unique_fd.h"

namespace fettle::sys {

// Whom a child runs as.
struct Identity {
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::vector<gid_t> groups;  // All supplementary ones.
};

// Everything a child needs, resolved: nothing is looked up after the fork.
struct SpawnPlan {
  std::string program;            // Absolute.
  std::vector<std::string> argv;  // With argv[0].
  std::vector<std::string> environment;
  std::string directory = "/";
  std::optional<Identity> identity;  // nullopt: ours.
  std::optional<uint32_t> umask;
  int in = -1;  // Become 0, 1 and 2; all must be 3 or higher.
  int out = -1;
  int err = -1;
  int control_group = -1;  // Its cgroup.procs, 3 or higher, if it is to have one of its own.
};

// A running child, in a session and process group of its own.
struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;  // Readable when it has ended.
};

// Starts it: by vfork(2), so that the cost does not grow with our memory. No other descriptor of
// ours reaches it. kNotFound: no such program; kFailedPrecondition: cannot be run, and why.
absl::StatusOr<Child> Spawn(const SpawnPlan& plan);

// Reaps a child that has ended (or waits for its end): its exit code, 128 + signal when killed.
int Reap(const Child& child);

// `name` itself when it is absolute, else the first program of that name in the fixed search path.
// kNotFound when there is none, kInvalidArgument for a relative path.
absl::StatusOr<std::string> FindProgram(const std::string& name);

// The search path that programs are looked up in and children get.
inline constexpr char kSearchPath[] =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// `fd`, moved to 3 or higher when it is lower (a daemon may have been started without 0, 1, 2).
UniqueFd AboveStandard(UniqueFd fd);

}  // namespace fettle::sys
