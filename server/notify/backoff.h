// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "absl/time/time.h"

namespace fettle::server::notify {

// From 0 to 1, 1 not included; of the kernel's random numbers.
double RandomShare();

// How long to wait after a failure: twice as long each time, up to a cap, and never all at once
// with others. Used by one thread.
class Backoff {
 public:
  // `random` answers a number from 0 to 1, 1 not included.
  Backoff(absl::Duration first, absl::Duration cap, std::function<double()> random)
      : first_(first), cap_(cap), random_(std::move(random)) {}

  // It failed again. Between half and all of what is due by doubling; at least `asked` (of the
  // receiver), which is cut to the cap as well.
  absl::Duration Failed(absl::Duration asked = absl::ZeroDuration());

  void Succeeded() { failures_ = 0; }

  // In a row.
  uint32_t failures() const { return failures_; }

 private:
  const absl::Duration first_;
  const absl::Duration cap_;
  const std::function<double()> random_;
  uint32_t failures_ = 0;
};

}  // namespace fettle::server::notify
