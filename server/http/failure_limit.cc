// SPDX-License-Identifier: Apache-2.0
#include "server/http/failure_limit.h"

namespace fettle::server::http {

void FailureLimit::NewMinute() {
  const absl::Duration now = clock_.Monotonic();
  if (now - minute_ >= absl::Minutes(1)) {
    minute_ = now;
    failed_.clear();
  }
}

bool FailureLimit::Allows(const std::string& address) {
  const absl::MutexLock lock(&mutex_);
  NewMinute();
  const auto found = failed_.find(address);
  return found == failed_.end() || found->second < kMost;
}

void FailureLimit::Failed(const std::string& address) {
  const absl::MutexLock lock(&mutex_);
  NewMinute();
  if (failed_.size() < kMostAddresses || failed_.contains(address)) {
    ++failed_[address];
  }
}

}  // namespace fettle::server::http
