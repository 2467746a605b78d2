// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "server/config/notify.h"
#include "server/notify/backoff.h"
#include "server/notify/message.h"
#include "server/notify/notice.h"

namespace fettle::server::notify {

// What a hook knows that must outlive the server: what it was told of, and what came and went that
// it was not told of yet.
struct HookMemory {
  Standing told;
  std::vector<Notice> passed;
  uint64_t dropped = 0;
};

// When one receiver is told what. It compares what stands with what it was told: what stands needs
// no queue, and is said however long the receiver was away. What came and went is queued, and
// dropped oldest first when there is too much of it. Used by one thread at a time; does nothing by
// itself, and takes time as it is given.
class Hook {
 public:
  // What is to be posted, one body after the other, and what is told with it.
  struct Delivery {
    std::vector<std::string> bodies;
    Standing began;
    std::vector<Key> over;
    uint64_t passed_up_to = 0;  // Number of the last of those that came and went.
    uint64_t notices = 0;       // How many are told.
    uint64_t dropped = 0;       // How many are said to be dropped.
    bool cut = false;           // It is said that there is more.
  };

  static constexpr std::size_t kMostPassed = 1000;
  static constexpr uint32_t kMostRefusals = 5;
  static constexpr std::size_t kAlertsInABody = 500;
  // How long Alertmanager shows what came and went.
  static constexpr absl::Duration kShowPassed = absl::Minutes(5);

  Hook(NotifyHook config, Sender sender, std::function<double()> random, HookMemory memory);

  const NotifyHook& config() const { return config_; }

  // All that stands now, and what came and went since the last look, of what this hook wants;
  // `cut`: there is more. Answers how many had to be dropped.
  uint64_t Look(Standing standing, std::vector<Notice> passed, bool cut, absl::Duration now);

  // When there is something to post (Clock::Monotonic); InfiniteDuration: nothing.
  absl::Duration Due() const;

  // What is to be posted if that is due; `now` is the wall clock's, for what it says.
  std::optional<Delivery> Compose(absl::Time now, absl::Duration monotonic) const;

  // It was taken.
  void Delivered(const Delivery& delivery, absl::Duration now);

  // It was not taken; Due() is put off. `refused`: the receiver wants none of just this message, so
  // that after kMostRefusals of it in a row it is given up: answers how many notices that drops.
  uint64_t Failed(const Delivery& delivery,
                  bool refused,
                  absl::Duration retry_after,
                  absl::Duration now);

  bool WasTold(const Key& key) const { return told_.contains(key); }

  // How many notices wait.
  uint64_t Pending() const;

  uint32_t failures() const { return backoff_.failures(); }

  HookMemory Memory() const;

 private:
  struct Numbered {
    uint64_t number = 0;
    Notice notice;
  };

  bool TellsEnds() const;
  std::vector<const Notice*> Began() const;
  std::vector<const Notice*> Over() const;
  Delivery ComposeAlerts(absl::Time now) const;
  Delivery ComposeMessage(absl::Time now) const;
  void ForgetUntold();
  void Forget(const Delivery& delivery);

  const NotifyHook config_;
  const Sender sender_;
  Backoff backoff_;
  Standing standing_;
  Standing told_;
  std::deque<Numbered> passed_;
  uint64_t last_number_ = 0;
  uint64_t dropped_ = 0;
  uint32_t refusals_ = 0;
  bool cut_ = false;
  bool looked_ = false;  // Before that, what was told is not known to be over.
  absl::Duration pending_since_ = absl::InfiniteDuration();
  absl::Duration last_sent_ = -absl::InfiniteDuration();
  absl::Duration retry_at_ = -absl::InfiniteDuration();
};

}  // namespace fettle::server::notify
