// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "lib/base/background_thread.h"
#include "lib/base/clock.h"
#include "server/fleet/change_feed.h"
#include "server/notify/hook.h"
#include "server/notify/memory.h"
#include "server/notify/observer.h"
#include "server/notify/sender.h"
#include "server/store/store.h"

namespace fettle::server::notify {

// For the metrics, since the server began.
struct HookFigures {
  std::string hook;
  uint64_t sent = 0;     // Messages that were taken.
  uint64_t failed = 0;   // Tries that were not.
  uint64_t dropped = 0;  // Notices that nobody was told of.
  uint64_t pending = 0;  // Notices that wait now.
};

// Tells receivers outside what happens in the fleet. One thread looks at the store when something
// changed, and every five seconds; each hook has a thread of its own, so that one that hangs holds
// up no other. Nobody waits for any of them. Safe from any thread; without hooks it does nothing.
class Notifier {
 public:
  struct Options {
    std::vector<NotifyHook> hooks;
    std::string server;  // What the server is called.
    std::string link;    // Where people look; "" nowhere.
    Observer::Options observer;
    // The file that keeps Memory; kNotFound when there is none yet.
    std::function<absl::StatusOr<std::string>()> load;
    std::function<absl::Status(std::string_view)> save;
  };

  // All must outlive it.
  Notifier(Store& store,
           ChangeFeed& changes,
           const Clock& clock,
           const PostSender& sender,
           Options options);
  // Stop().
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // Reads what it knew, and what the hooks want. kInvalidArgument: a filter cannot be read.
  // Called once, before anything else.
  absl::Status Prepare();
  // Starts the threads, once.
  void Start();
  // Ends them; what is being posted is cut off. Keeps what is to be told for the next start.
  void Stop();

  // One look, as the thread takes it.
  absl::Status Look();
  // Posts what is due for each hook, as their threads do.
  void DeliverDue();

  std::vector<HookFigures> Figures() const;

 private:
  struct Runner;

  void Watch();
  void Serve(Runner* runner);
  void DeliverDue(Runner* runner);
  bool WasTold(const Key& key) const;
  void Save() ABSL_LOCKS_EXCLUDED(save_mutex_);
  // Whether it is over.
  bool Pause(absl::Duration wait) ABSL_LOCKS_EXCLUDED(mutex_);

  Store& store_;
  ChangeFeed& changes_;
  const Clock& clock_;
  const PostSender& sender_;
  const Options options_;
  std::atomic<bool> cancelled_ = false;
  std::vector<std::unique_ptr<Runner>> runners_;  // Not changed after Prepare().
  std::unique_ptr<Observer> observer_;            // Of the thread that looks.
  std::string last_problem_;                      // Likewise.
  absl::Mutex save_mutex_;
  absl::Time cursor_ ABSL_GUARDED_BY(save_mutex_);
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<BackgroundThread> watcher_;
};

}  // namespace fettle::server::notify
