// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "lib/base/clock.h"

namespace fettle::server::http {

// How often somebody may fail to log in: kMost times a minute from one address, and from all
// addresses together a few times that. Safe from any thread.
class FailureLimit {
 public:
  explicit FailureLimit(const Clock& clock) : clock_(clock) {}

  // Whether another try is to be looked at.
  bool Allows(const std::string& address) ABSL_LOCKS_EXCLUDED(mutex_);

  void Failed(const std::string& address) ABSL_LOCKS_EXCLUDED(mutex_);

  static constexpr uint32_t kMost = 10;
  static constexpr uint32_t kMostTogether = 60;

 private:
  void NewMinute() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  absl::Mutex mutex_;
  absl::Duration minute_ ABSL_GUARDED_BY(mutex_);  // When the present minute began.
  uint32_t together_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, uint32_t> failed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fettle::server::http
