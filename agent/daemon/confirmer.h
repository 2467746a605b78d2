// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "agent/link/events.h"
#include "agent/link/outlet.h"
#include "agent/undo/confirm.h"
#include "lib/base/clock.h"

namespace fettle::agent {

// Waits for a change to be confirmed: asks the link for new connections to the server, one after
// the other, until one comes about or time is up. Time counts from Begin(), so a restart of the
// agent gives all of it anew. One thread.
class Confirmer {
 public:
  enum class Verdict : uint8_t { kNone, kConfirmed, kTooLate };

  // `credentials` are those that the agent would have if it started now.
  using Ask = std::function<absl::StatusOr<link::Credentials>()>;

  Confirmer(const Clock& clock, Ask credentials)
      : clock_(clock), credentials_(std::move(credentials)) {}

  // The link that there is now; null for none.
  void Attach(link::Outlet* outlet);

  void Begin(undo::Pending pending);

  // Nothing is waited for any more. Answers what was.
  undo::Pending End();

  bool waiting() const { return pending_.has_value(); }

  void OnProbed(const link::Probed& probed);

  // Asks again, if it is time.
  void Tick();

  // What came of it, as of now.
  Verdict Judge() const;

  // When Tick() or Judge() has something new, in the clock's monotonic time.
  absl::Duration NextTick() const;

  // "43 s left for a new connection to server:7440; the last try: …". For people, while waiting.
  std::string Describe() const;

  // Why it is not confirmed, for people.
  std::string WhyNot() const;

 private:
  void Probe();

  const Clock& clock_;
  const Ask credentials_;
  link::Outlet* outlet_ = nullptr;
  std::optional<undo::Pending> pending_;
  absl::Duration until_ = absl::InfiniteDuration();
  absl::Duration next_probe_ = absl::InfiniteDuration();
  uint64_t probe_ = 0;    // The id of the last one.
  bool probing_ = false;  // It has not been answered.
  bool confirmed_ = false;
  int tries_ = 0;
  std::string server_;
  std::string trouble_;  // Of the last try.
};

}  // namespace fettle::agent
