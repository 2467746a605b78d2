// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "lib/base/status_macros.h"
#include "server/store/sqlite/database.h"

namespace fettle::server::sqlite {

// One connection that several threads take turns with: the store's only one that writes. Others
// read (readers.h); WAL lets them work at the same time.
class Connection {
 public:
  explicit Connection(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  // `work` with the connection to itself. kUnavailable after Close().
  absl::Status With(const std::function<absl::Status(Database&)>& work)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::MutexLock lock(&mutex_);
    if (database_ == nullptr) {
      return Unavailable("the store is closed: the server is stopping");
    }
    return work(*database_);
  }

  // `work` in one transaction.
  absl::Status Transaction(const std::function<absl::Status(Database&)>& work)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    return With(
        [&](Database& database) { return database.Transaction([&] { return work(database); }); });
  }

  void Close() ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::MutexLock lock(&mutex_);
    database_.reset();
  }

 private:
  absl::Mutex mutex_;
  std::unique_ptr<Database> database_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fettle::server::sqlite
