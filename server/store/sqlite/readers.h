// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "lib/base/status_macros.h"
#include "server/store/sqlite/database.h"

namespace fettle::server::sqlite {

// The connections that read, so that a look-up does not wait for somebody's journey through a year.
// Safe from any thread.
class Readers {
 public:
  explicit Readers(std::vector<std::unique_ptr<Database>> databases)
      : idle_(std::move(databases)) {}

  // `work` with a connection to itself, which shows the store as it was at the first query,
  // whatever is written meanwhile. Waits while all are busy. Not from within `work`. kUnavailable
  // after Close().
  absl::Status With(const std::function<absl::Status(Database&)>& work) ABSL_LOCKS_EXCLUDED(mutex_);

  // Waits for those that read.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  bool Ready() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return closed_ || !idle_.empty(); }

  bool NobodyReads() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return reading_ == 0; }

  absl::Mutex mutex_;
  std::vector<std::unique_ptr<Database>> idle_ ABSL_GUARDED_BY(mutex_);
  std::size_t reading_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace fettle::server::sqlite
