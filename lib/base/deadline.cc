// SPDX-License-Identifier: Apache-2.0
#include "lib/base/deadline.h"

#include <algorithm>
#include <limits>

#include "lib/base/clock.h"
#include "lib/base/status_macros.h"

namespace fettle {

Deadline Deadline::After(absl::Duration budget) {
  return Deadline(SystemClock().Monotonic() + budget);
}

absl::Duration Deadline::Remaining() const {
  if (at_ == absl::InfiniteDuration()) {
    return at_;
  }
  return std::max(at_ - SystemClock().Monotonic(), absl::ZeroDuration());
}

int Deadline::PollMilliseconds() const {
  const absl::Duration left = Remaining();
  if (left == absl::InfiniteDuration()) {
    return -1;
  }
  const auto milliseconds = absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1)));
  return static_cast<int>(std::min<int64_t>(milliseconds, std::numeric_limits<int>::max()));
}

Deadline Deadline::Within(absl::Duration budget) const {
  return Deadline(std::min(at_, SystemClock().Monotonic() + budget));
}

absl::Status Deadline::Check(const char* doing) const {
  return expired() ? DeadlineExceeded("{}: out of time", doing) : absl::OkStatus();
}

}  // namespace fettle
