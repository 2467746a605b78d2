// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>

#include "absl/time/time.h"

#include "lib/base/clock.h"

namespace fettle::testing {

// A clock that stands still until the test moves it. Safe from many threads.
class FakeClock final : public Clock {
 public:
  // Begins at 2026-01-01T00:00:00Z, a second after the fake machine's boot.
  FakeClock() = default;

  absl::Time Now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }

  absl::Duration Monotonic() const override {
    const std::lock_guard lock(mutex_);
    return monotonic_;
  }

  // Time passes, on both clocks.
  void Advance(absl::Duration by) {
    const std::lock_guard lock(mutex_);
    now_ += by;
    monotonic_ += by;
  }

  // Somebody sets the wall clock; monotonic time does not notice.
  void SetWallClock(absl::Time now) {
    const std::lock_guard lock(mutex_);
    now_ = now;
  }

 private:
  mutable std::mutex mutex_;
  absl::Time now_ = absl::FromUnixSeconds(1767225600);
  absl::Duration monotonic_ = absl::Seconds(1);
};

}  // namespace fettle::testing
