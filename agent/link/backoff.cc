// SPDX-License-Identifier: Apache-2.0
#include "agent/link/backoff.h"

#include <algorithm>
#include <utility>

namespace fettle::link {

void Backoff::Accepted(absl::Duration window) {
  accepted_ = true;
  window_ = std::clamp(window, absl::ZeroDuration(), kMost);
  span_ = kFirst;
}

absl::Duration Backoff::Next(double share) {
  if (std::exchange(accepted_, false)) {
    return window_ * share;
  }
  const absl::Duration wait = span_ * share;
  span_ = std::min(span_ * 2, kMost);
  return wait;
}

}  // namespace fettle::link
