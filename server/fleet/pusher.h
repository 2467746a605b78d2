// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/fleet/assigner.h"
#include "server/fleet/registry.h"
#include "server/fleet/worker_pool.h"

namespace fettle::server {

// Tells connected hosts what they are to enforce, as soon as it changes. To be called after the
// commit. The sending happens on the pool. Safe from any thread.
class Pusher {
 public:
  Pusher(Assigner& assigner, SessionRegistry& registry, WorkerPool& pool)
      : assigner_(assigner), registry_(registry), pool_(pool) {}

  struct Reach {
    uint32_t hosts = 0;      // That follow the channel.
    uint32_t connected = 0;  // Of those, connected now.
  };

  // A channel points to another revision.
  absl::StatusOr<Reach> ChannelChanged(const std::string& channel);

  // A host's labels or channel changed.
  void HostChanged(const std::string& host);

 private:
  Assigner& assigner_;
  SessionRegistry& registry_;
  WorkerPool& pool_;
};

}  // namespace fettle::server
