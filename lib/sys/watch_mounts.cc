// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/watch_mounts.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/sys/read_fd.h"

namespace fettle::sys {

MountWatch::MountWatch() : fd_(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)) {}

std::string MountWatch::Read() const {
  constexpr uint64_t kMost = 16U << 20;
  std::string text;
  if (!fd_.valid() || ::lseek(fd_.get(), 0, SEEK_SET) != 0 ||
      ReadAll(fd_.get(), 0, kMost, &text) != 0) {
    return "";
  }
  return text;
}

}  // namespace fettle::sys
