// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/watch_mounts.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "lib/sys/read_fd.h"

namespace fettle::sys {

MountWatch::MountWatch() : fd_(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)) {}

bool MountWatch::Changed() const {
  pollfd watched = {fd_.get(), POLLPRI, 0};
  return fd_.valid() && ::poll(&watched, 1, 0) > 0 && (watched.revents & (POLLPRI | POLLERR)) != 0;
}

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
