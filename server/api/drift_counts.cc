// SPDX-License-Identifier: Apache-2.0
#include "server/api/drift_counts.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "lib/base/status_macros.h"

namespace fettle::server {

absl::StatusOr<DriftCounts> DriftCounts::Between(std::vector<absl::Time> moments) {
  if (moments.size() < 2 || moments.size() > kMostMoments) {
    return InvalidArgument("drift is counted between at least 2 and at most {} moments, not {}",
                           kMostMoments,
                           moments.size());
  }
  if (std::adjacent_find(moments.begin(), moments.end(), std::greater_equal<>()) != moments.end()) {
    return InvalidArgument(
        "drift is counted between moments of which each is later than the one before");
  }
  return DriftCounts(std::move(moments));
}

DriftCounts::DriftCounts(std::vector<absl::Time> moments)
    : moments_(std::move(moments)), counts_(moments_.size() - 1) {}

int64_t DriftCounts::IndexOf(absl::Time at) const {
  return std::upper_bound(moments_.begin(), moments_.end(), at) - moments_.begin() - 1;
}

void DriftCounts::Add(absl::Time seen, absl::Time ended) {
  const auto size = static_cast<int64_t>(counts_.size());
  const int64_t opened = IndexOf(seen);
  const int64_t closed = IndexOf(ended);
  if (opened >= 0 && opened < size) {
    ++counts_[static_cast<std::size_t>(opened)].opened;
  }
  if (closed >= 0 && closed < size) {
    ++counts_[static_cast<std::size_t>(closed)].closed;
  }
  for (int64_t i = std::max<int64_t>(opened, 0); i < std::min(closed, size); ++i) {
    ++counts_[static_cast<std::size_t>(i)].open;
  }
}

}  // namespace fettle::server
