// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace fettle::recipe {

// What a confined process may use.
struct Confinement {
  int pipe = -1;              // The one descriptor it keeps, to write to.
  uint64_t memory_bytes = 0;  // Beyond what it has mapped already.
  uint64_t cpu_seconds = 0;
};

// Takes everything but computing from this process: all descriptors but the pipe, root (it becomes
// nobody), capabilities, new privileges, being looked at, and every system call that memory and the
// pipe do not need. For a child just forked from a process that may have had threads: allocates
// little, takes no locks. False when a wall could not be put up: the caller must then _exit.
bool Confine(const Confinement& confinement);

}  // namespace fettle::recipe
