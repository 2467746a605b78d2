// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace fettle {

// A point in monotonic time by which something must be done. A value; copy it freely. Every wait
// and every child process has one, and passes what is left of its own to what it calls.
class Deadline {
 public:
  // `budget` from now on. Negative budgets are already expired.
  static Deadline After(absl::Duration budget);

  // Never expires. Only for tests and for loops that are stopped in another way.
  static Deadline Never() { return Deadline(absl::InfiniteDuration()); }

  // Already expired.
  static Deadline Expired() { return Deadline(-absl::InfiniteDuration()); }

  bool expired() const { return Remaining() <= absl::ZeroDuration(); }

  // What is left; zero when expired, infinite for Never().
  absl::Duration Remaining() const;

  // What is left in whole milliseconds, rounded up, for poll(2): -1 for Never(), 0 when expired.
  int PollMilliseconds() const;

  // The earlier of this and `budget` from now on.
  Deadline Within(absl::Duration budget) const;

  // OK, or kDeadlineExceeded saying what was being done.
  absl::Status Check(const char* doing) const;

 private:
  explicit Deadline(absl::Duration at) : at_(at) {}

  absl::Duration at_;  // Monotonic time, as SystemClock::Monotonic().
};

}  // namespace fettle
