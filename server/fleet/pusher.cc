// SPDX-License-Identifier: Apache-2.0
#include "server/fleet/pusher.h"

#include <memory>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "lib/base/status_macros.h"

namespace fettle::server {
namespace {

// One task of the pool: small enough that the threads share a push to many hosts evenly.
constexpr std::size_t kSessionsPerTask = 64;

using Delivery = std::pair<SessionRegistry::SessionPtr, Assignment>;

void Deliver(WorkerPool& pool, std::vector<Delivery> deliveries) {
  pool.Post([deliveries = std::move(deliveries)] {
    for (const auto& [session, assignment] : deliveries) {
      session->Assign(assignment);
    }
  });
}

}  // namespace

absl::StatusOr<Pusher::Reach> Pusher::ChannelChanged(const std::string& channel) {
  assigner_.Changed();
  ASSIGN_OR_RETURN(auto assignments, assigner_.ForChannel(channel));
  Reach reach{static_cast<uint32_t>(assignments.size()), 0};
  std::vector<Delivery> deliveries;
  for (auto& [host, assignment] : assignments) {
    if (auto session = registry_.Find(host)) {
      ++reach.connected;
      deliveries.emplace_back(std::move(session), std::move(assignment));
    }
    if (deliveries.size() == kSessionsPerTask) {
      Deliver(pool_, std::exchange(deliveries, {}));
    }
  }
  Deliver(pool_, std::move(deliveries));
  return reach;
}

void Pusher::HostChanged(const std::string& host) {
  assigner_.Changed();
  pool_.Post([this, host] {
    const auto session = registry_.Find(host);
    if (session == nullptr) {
      return;
    }
    const auto assignment = assigner_.For(host);
    if (!assignment.ok()) {
      spdlog::error("host {}: its assignment cannot be read ({}); it is told when it connects next",
                    host,
                    Message(assignment.status()));
      return;
    }
    session->Assign(*assignment);
  });
}

}  // namespace fettle::server
