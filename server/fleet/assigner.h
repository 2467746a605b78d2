// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "server/store/store.h"

namespace fettle::server {

// What one host is to enforce.
struct Assignment {
  // Shared by all hosts that get it, and immutable. Null: its channel points nowhere (yet).
  std::shared_ptr<const RevisionRecord> revision;
  std::string channel;
  Labels labels;
  uint64_t version = 0;  // Of two assignments of a host the one with the higher version counts.
};

// Computes host -> channel -> revision from the store. Safe from any thread.
class Assigner {
 public:
  explicit Assigner(Store& store) : store_(store) {}

  // To be called after each commit that changes what hosts are assigned, before they are told: what
  // is read from then on outranks what was read before.
  void Changed() { ++version_; }

  // kNotFound: no such host.
  absl::StatusOr<Assignment> For(const std::string& host) ABSL_LOCKS_EXCLUDED(mutex_);

  // Of all hosts that follow `channel`, by name.
  absl::StatusOr<std::vector<std::pair<std::string, Assignment>>> ForChannel(
      const std::string& channel) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::StatusOr<std::shared_ptr<const RevisionRecord>> RevisionOf(const std::string& channel)
      ABSL_LOCKS_EXCLUDED(mutex_);

  Store& store_;
  std::atomic<uint64_t> version_ = 1;
  absl::Mutex mutex_;
  // Revisions never change: those assigned lately, by id.
  std::map<Digest, std::shared_ptr<const RevisionRecord>> revisions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fettle::server
