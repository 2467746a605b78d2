// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fettle::server {

// Counts drifts in the times between moments. Used by one thread.
class DriftCounts {
 public:
  static constexpr std::size_t kMostMoments = 400;

  // Of the time from one moment to the next, which belongs to what follows.
  struct Count {
    uint32_t opened = 0;
    uint32_t closed = 0;
    uint32_t open = 0;  // There at its end.
    bool operator==(const Count&) const = default;
  };

  // kInvalidArgument: fewer than two moments, more than kMostMoments, or one that is not later than
  // the one before.
  static absl::StatusOr<DriftCounts> Between(std::vector<absl::Time> moments);

  // Each drift once. What was over before the first moment or began after the last one counts for
  // nothing.
  void Add(absl::Time seen, absl::Time ended);

  // One fewer than moments, in their order.
  const std::vector<Count>& counts() const { return counts_; }

  const std::vector<absl::Time>& moments() const { return moments_; }

 private:
  explicit DriftCounts(std::vector<absl::Time> moments);

  // The count of the time that `at` lies in: -1 before all, counts_.size() after all.
  int64_t IndexOf(absl::Time at) const;

  std::vector<absl::Time> moments_;
  std::vector<Count> counts_;
};

}  // namespace fettle::server
