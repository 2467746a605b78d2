// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/time/time.h"

namespace fettle {

// The time of day and a time that only goes forward. Everything that waits or stamps takes a Clock,
// so that tests own time. Implementations are safe to call from any thread.
class Clock {
 public:
  virtual ~Clock() = default;

  // Wall clock: for stamps that people read. May jump. Never used to order events.
  virtual absl::Time Now() const = 0;

  // Time since an arbitrary start; never goes back. For durations, deadlines, back-off.
  virtual absl::Duration Monotonic() const = 0;
};

// The machine's own clock (CLOCK_REALTIME, CLOCK_MONOTONIC).
class SystemClock final : public Clock {
 public:
  absl::Time Now() const override;
  absl::Duration Monotonic() const override;
};

// `time` as RFC 3339 in UTC with milliseconds, "2026-11-22T20:33:20.125Z": the one form that output
// and logs use.
std::string Rfc3339(absl::Time time);

}  // namespace fettle
