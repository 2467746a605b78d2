// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lib/sys/unique_fd.h"

namespace fettle::sys {

// Listens to what is mounted in this process's name space. One thread.
class MountWatch {
 public:
  MountWatch();

  // Becomes ready (POLLPRI) when something was mounted or unmounted; poll(2) says it once. -1
  // without /proc.
  int fd() const { return fd_.get(); }

  // mountinfo(5) now.
  std::string Read() const;

 private:
  UniqueFd fd_;
};

}  // namespace fettle::sys
