// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

#include "agent/link/events.h"
#include "agent/link/outlet.h"
#include "agent/revision/revision_store.h"
#include "lib/base/clock.h"

namespace fettle::agent {

// From an assignment to a revision whose tree is here and believed: verifies, fetches what is
// missing, keeps it. The latest assignment wins. One thread.
class Intake {
 public:
  struct Handlers {
    // It is believed and complete.
    std::function<void(const link::Assignment& assignment, const Digest& tree)> ready;
    // It is not taken, and why; or it cannot be fetched, which goes on being tried.
    std::function<void(const link::Assignment& assignment, const std::string& reason)> refused;
  };

  Intake(Handlers handlers, RevisionStore& store, const Clock& clock)
      : handlers_(std::move(handlers)), store_(store), clock_(clock) {}

  // The link that there is now; null for none. What was under way begins anew with the next
  // session.
  void Attach(link::Outlet* outlet);

  void Take(const link::Assignment& assignment);

  // What is under way is not wanted any more.
  void Drop();

  // A session stands: goes on with what was interrupted.
  void OnConnected();

  void OnBlob(const link::Blob& blob);
  void OnFetchDone(const link::FetchDone& done);

  // Tries a failed fetch again, if it is time.
  void Tick();

  // When Tick() has something to do, in the clock's monotonic time.
  absl::Duration NextTick() const { return retry_; }

  // The revision that is being fetched; "" for none.
  std::string waiting_for() const { return wanted_.has_value() ? wanted_->revision : ""; }

 private:
  // Looks what is missing, and fetches it or is ready.
  void Advance();
  void Refuse(const std::string& reason);
  void RetryLater(const std::string& why);

  const Handlers handlers_;
  RevisionStore& store_;
  const Clock& clock_;
  link::Outlet* outlet_ = nullptr;
  std::optional<link::Assignment> wanted_;
  Digest tree_;                // Of wanted_.
  std::vector<Digest> asked_;  // Of the fetch under way, or of the last one.
  bool fetching_ = false;
  std::string damage_;  // A blob of this fetch was not what it was said to be.
  int failures_ = 0;    // Fetches in a row that brought nothing, in this session.
  absl::Duration retry_ = absl::InfiniteDuration();
  absl::Duration wait_ = absl::ZeroDuration();
};

}  // namespace fettle::agent
