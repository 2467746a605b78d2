// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"

namespace fettle::server {

// The serials of certificates that are good no longer, in memory, for every handshake and call.
// Safe from any thread.
class RevocationSet {
 public:
  // `serials` in lower-case hexadecimal.
  void Add(const std::vector<std::string>& serials) ABSL_LOCKS_EXCLUDED(mutex_);

  bool Contains(const std::string& serial) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  absl::flat_hash_set<std::string> serials_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fettle::server
