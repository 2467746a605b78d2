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

// How often somebody may fail to log in: kMost times a minute from one address. What others do
// keeps nobody out: tokens cannot be guessed, and what is written of failures has a bound of its
// own. Safe from any thread.
class FailureLimit {
 public:
  explicit FailureLimit(const Clock& clock) : clock_(clock) {}

  // Whether another try is to be looked at.
  bool Allows(const std::string& address) ABSL_LOCKS_EXCLUDED(mutex_);

  void Failed(const std::string& address) ABSL_LOCKS_EXCLUDED(mutex_);

  static constexpr uint32_t kMost = 10;
  // Of so many addresses failures are counted in a minute; those of more are not.
  static constexpr std::size_t kMostAddresses = 10'000;

 private:
  void NewMinute() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  absl::Mutex mutex_;
  absl::Duration minute_ ABSL_GUARDED_BY(mutex_);  // When the present minute began.
  std::map<std::string, uint32_t> failed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fettle::server::http
