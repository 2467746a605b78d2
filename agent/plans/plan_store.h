// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "agent/plans/stored_plan.h"

namespace fettle::plans {

// How long and how many plans are kept; what goes over goes, oldest first.
struct Retention {
  absl::Duration age = absl::Hours(7 * 24);
  std::size_t count = 50;
  uint64_t bytes = 256 << 20;
};

// The plans of one host: a file each in a folder that only root can read, named by their ids.
class PlanStore {
 public:
  explicit PlanStore(std::string folder, Retention retention = {})
      : folder_(std::move(folder)), retention_(retention) {}

  // Keeps it and answers its id; a plan that is there already counts as made now. Drops what is
  // over the limits.
  absl::StatusOr<std::string> Save(const StoredPlan& plan);

  // By its id or the first characters of it, at least four. kNotFound when there is none (any
  // more), kInvalidArgument when several begin so, kDataLoss when it is not what its name says.
  absl::StatusOr<StoredPlan> Load(const std::string& id) const;

  // All of them, newest first. What cannot be read is left out, and said in `damaged` (may be
  // null).
  std::vector<StoredPlan> List(std::vector<std::string>* damaged = nullptr) const;

 private:
  void Trim(const std::string& keep) const;

  const std::string folder_;
  const Retention retention_;
};

}  // namespace fettle::plans
