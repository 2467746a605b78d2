// SPDX-License-Identifier: Apache-2.0
#include "server/notify/backoff.h"

#include <algorithm>

#include "lib/base/ids.h"

namespace fettle::server::notify {
namespace {

constexpr uint32_t kMostDoublings = 20;

}  // namespace

double RandomShare() {
  const std::string bytes = RandomBytes(2);
  const int high = static_cast<unsigned char>(bytes[0]);
  const int low = static_cast<unsigned char>(bytes[1]);
  return (high * 256 + low) / 65536.0;
}

absl::Duration Backoff::Failed(absl::Duration asked) {
  const absl::Duration doubled = first_ * (int64_t{1} << std::min(failures_, kMostDoublings));
  ++failures_;
  const absl::Duration due = std::min(doubled, cap_);
  return std::max(due * (0.5 + random_() / 2), std::min(asked, cap_));
}

}  // namespace fettle::server::notify
