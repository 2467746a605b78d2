// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "lib/digest/digest.h"
#include "server/store/store.h"

namespace fettle::server {

// Which blobs belong to a revision: what a host that was assigned it may fetch. Remembers those
// asked for lately. Safe from any thread.
class RevisionBlobs {
 public:
  using Set = absl::flat_hash_set<Digest>;

  explicit RevisionBlobs(PolicyStore& store) : store_(store) {}

  // The manifest and all that it names. Shared with the cache; immutable. kNotFound: no such
  // revision.
  absl::StatusOr<std::shared_ptr<const Set>> Of(const Digest& revision) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  PolicyStore& store_;
  absl::Mutex mutex_;
  std::map<Digest, std::shared_ptr<const Set>> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fettle::server
