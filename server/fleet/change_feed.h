// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace fettle::server {

// What of the fleet has changed, for those who look at it.
struct Change {
  enum class Kind : uint8_t { kDrift, kState, kHost, kRun, kRevision, kChannel };

  Kind kind = Kind::kState;
  std::string host;  // "": no particular one, or many.

  auto operator<=>(const Change&) const = default;
};

// "drift", "state", "host", "run", "revision", "channel".
std::string_view KindName(Change::Kind kind);

// Tells a bounded number of listeners that something changed, never what it is now: they ask. What
// a listener has not taken yet is kept once, and of too many hosts as one change without a host.
// Costs next to nothing while nobody listens. Safe from any thread.
class ChangeFeed {
 public:
  class Listener {
   public:
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    // Waits until something has changed, for at most `wait`; then takes all of it. Empty: nothing
    // did, or the feed is closed.
    std::vector<Change> Take(absl::Duration wait);

    bool closed() const;

   private:
    friend class ChangeFeed;

    explicit Listener(ChangeFeed& feed) : feed_(feed) {}

    ChangeFeed& feed_;
    std::set<Change> pending_;  // Guarded by feed_.mutex_.
  };

  // Null when there are kMostListeners already, or it is closed. The feed outlives its listeners.
  std::unique_ptr<Listener> Listen() ABSL_LOCKS_EXCLUDED(mutex_);

  void Tell(Change::Kind kind, const std::string& host = "") ABSL_LOCKS_EXCLUDED(mutex_);

  // Wakes all listeners; there will be no more changes.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);

  std::size_t Listeners() const ABSL_LOCKS_EXCLUDED(mutex_);

  static constexpr std::size_t kMostListeners = 48;
  static constexpr std::size_t kMostPending = 500;

 private:
  mutable absl::Mutex mutex_;
  std::atomic<bool> heard_ = false;  // Somebody listens.
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<Listener*> listeners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fettle::server
