// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/base/clock.h"
#include "server/config/siem.h"
#include "server/siem/event.h"
#include "server/siem/outlet.h"
#include "server/siem/position.h"
#include "server/store/store.h"

namespace fettle::server::siem {

// One outlet's way through the evidence log, and along what hosts are silent. Nothing is passed
// over: what was not taken is sent again, and so is what the other side may have lost. Holds a few
// leaves at a time, however far behind it is. Used by one thread.
class Stream {
 public:
  struct Options {
    absl::Duration heartbeat;
  };

  // All must outlive it.
  Stream(Store& store,
         const Clock& clock,
         const SiemOutlet& config,
         std::unique_ptr<Outlet> outlet,
         Position position,
         Options options);

  // Sends what the next few leaves tell of, or, when there are none, what became silent. Whether
  // there is more to do at once. Not OK: the store could not be read or the outlet took nothing; it
  // is tried again with the next Step().
  absl::StatusOr<bool> Step();

  // From where the next server has to go on so that nothing is lost.
  Position Kept() const;

  uint64_t sent() const { return sent_; }

  uint64_t lost() const { return lost_; }

  // Leaves that are not sent yet, as of the last Step().
  uint64_t behind() const { return behind_; }

 private:
  // What was sent at `sent` (monotonic), from `before` on, may yet be lost.
  struct Doubt {
    Position before;
    absl::Duration sent;
  };

  absl::StatusOr<bool> SendLeaves(uint64_t size);
  absl::Status SendSilence();
  // Sends them, and is then at `after`.
  absl::Status Hand(std::vector<Event> events, Position after);
  absl::Status Settle();
  void Rewind();

  Store& store_;
  const Clock& clock_;
  const SiemOutlet& config_;
  const std::unique_ptr<Outlet> outlet_;
  const Options options_;
  const absl::Time started_;
  Position position_;
  std::deque<Doubt> doubts_;
  absl::Duration looked_ = -absl::InfiniteDuration();  // At which hosts are silent.
  uint64_t sent_ = 0;                                  // Events.
  uint64_t lost_ = 0;                                  // Leaves.
  uint64_t behind_ = 0;
};

}  // namespace fettle::server::siem
