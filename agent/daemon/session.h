// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "absl/time/time.h"

#include "agent/link/events.h"
#include "agent/link/outlet.h"
#include "agent/report/spool.h"
#include "lib/base/clock.h"

namespace fettle::agent {

// What the host is now, as Hello and heartbeats carry it.
struct Standing {
  Digest states;
  Digest catalog;
  Digest revision_id;
  Digest packages{};
};

// The session with the server as far as it concerns the spool: greets, sends what waits, takes
// acknowledgements, gives signs of life. One thread; everything outlives it.
class Session {
 public:
  struct Self {
    std::string version;
    std::string machine_id;
  };

  Session(Self self, report::Spool& spool, const Clock& clock)
      : self_(std::move(self)), spool_(spool), clock_(clock) {}

  // The link that there is now; null for none.
  void Attach(link::Outlet* outlet);

  void OnConnected(const Standing& standing);
  void OnDisconnected(const std::string& reason);
  void OnHelloAck(const link::HelloAck& ack);
  void OnAcknowledged(const link::Acknowledged& acknowledged);

  // Sends what waits in the spool, as far as the window allows. To be called after an append.
  void Pump();

  // A heartbeat, if it is time.
  void Tick(const Standing& standing);

  // When Tick() has something to do, in the clock's monotonic time.
  absl::Duration NextTick() const;

  // Whether the server knows us in this session.
  bool up() const { return greeted_; }

  // Why it is not up.
  const std::string& trouble() const { return trouble_; }

 private:
  static constexpr std::size_t kMostBatches = 4;
  static constexpr uint64_t kBatchBytes = 1U << 20;

  const Self self_;
  report::Spool& spool_;
  const Clock& clock_;
  link::Outlet* outlet_ = nullptr;
  bool connected_ = false;
  bool greeted_ = false;
  absl::Duration heartbeat_ = absl::Seconds(60);
  absl::Duration next_heartbeat_ = absl::InfiniteDuration();
  uint64_t sent_ = 0;     // Highest sequence looked for in this session.
  uint64_t covered_ = 0;  // Up to where the server has all that was kept, with what is under way.
  std::deque<uint64_t> in_flight_;  // Last sequence of each batch not yet acknowledged.
  std::string trouble_ = "connecting";
};

}  // namespace fettle::agent
