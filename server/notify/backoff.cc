// SPDX-License-Identifier: Apache-2.0
#include "server/notify/backoff.h"

#include <algorithm>

namespace fettle::server::notify {
namespace {

constexpr uint32_t kMostDoublings = 20;

}  // namespace

absl::Duration Backoff::Failed(absl::Duration asked) {
  const absl::Duration doubled = first_ * (int64_t{1} << std::min(failures_, kMostDoublings));
  ++failures_;
  const absl::Duration due = std::min(doubled, cap_);
  return std::max(due * (0.5 + random_() / 2), std::min(asked, cap_));
}

}  // namespace fettle::server::notify
