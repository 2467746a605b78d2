// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/run_lock.h"

#include <errno.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::journal {
namespace {

// flock(2) knows no deadline, so it is asked this often.
constexpr int kAskEveryMilliseconds = 50;

std::string Holder(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadWhole(path);
  const std::string_view trimmed = text.ok() ? Trim(*text) : "";
  return trimmed.empty() ? "another run" : std::string(trimmed);
}

void PauseUntilNextTry(Deadline deadline) {
  const int left = deadline.PollMilliseconds();
  const int wait = left < 0 ? kAskEveryMilliseconds : std::min(left, kAskEveryMilliseconds);
  (void)::poll(nullptr, 0, wait);
}

}  // namespace

absl::StatusOr<RunLock> RunLock::Take(const std::string& path,
                                      std::string_view holder,
                                      Deadline deadline,
                                      const std::function<void(const std::string&)>& waiting) {
  ASSIGN_OR_RETURN(File file, OpenForAppend(path));
  bool told = false;
  while (::flock(file.fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return ErrnoStatus("lock", path);
    }
    if (deadline.expired()) {
      return Unavailable(
          "another run is under way and did not end in time: {} (lock {})", Holder(path), path);
    }
    if (!told && waiting) {
      waiting(Holder(path));
    }
    told = true;
    PauseUntilNextTry(deadline);
  }
  if (::ftruncate(file.fd(), 0) != 0) {
    return ErrnoStatus("empty", path);
  }
  RETURN_IF_ERROR(WriteAll(file, fmt::format("{}\n", holder), path));
  return RunLock(std::move(file));
}

}  // namespace fettle::journal
