// SPDX-License-Identifier: Apache-2.0
#pragma once

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

#include "lib/base/background_thread.h"
#include "lib/base/clock.h"
#include "server/config/siem.h"
#include "server/siem/outlet.h"
#include "server/siem/position.h"
#include "server/store/store.h"

namespace fettle::server::siem {

// For the metrics.
struct OutletFigures {
  std::string outlet;
  uint64_t sent = 0;    // Events that were taken, since the server began.
  uint64_t failed = 0;  // Tries that were not.
  uint64_t lost = 0;    // Leaves that went with their month before they were sent.
  uint64_t behind = 0;  // Leaves that wait now.
};

// Sends what happens in the fleet to what collects it, at least once, however long that was away or
// this server. Each outlet has a thread of its own. Nobody waits for any of them. Safe from any
// thread; without outlets it does nothing.
class Relay {
 public:
  struct Options {
    std::vector<SiemOutlet> outlets;
    std::string server;  // What the server is called.
    absl::Duration heartbeat;
    // The file that keeps Positions; kNotFound when there is none yet.
    std::function<absl::StatusOr<std::string>()> load;
    std::function<absl::Status(std::string_view)> save;
    std::function<std::unique_ptr<Outlet>(const SiemOutlet&, const std::string&)> make = MakeOutlet;
  };

  // All must outlive it.
  Relay(Store& store, const Clock& clock, Options options);
  // Stop().
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Reads how far it had come; an outlet that is new begins with what happens from now on. Called
  // once, before anything else.
  absl::Status Prepare();
  // Starts the threads, once.
  void Start();
  // Ends them, after the try that is under way. Keeps how far each has come.
  void Stop();

  // One step of each outlet, as their threads take it; whether any has more to do at once.
  bool StepAll();

  std::vector<OutletFigures> Figures() const;

 private:
  struct Runner;

  void Serve(Runner* runner);
  bool Step(Runner* runner);
  void Save() ABSL_LOCKS_EXCLUDED(save_mutex_);
  // Whether it is over.
  bool Pause(absl::Duration wait) ABSL_LOCKS_EXCLUDED(mutex_);

  Store& store_;
  const Clock& clock_;
  const Options options_;
  std::vector<std::unique_ptr<Runner>> runners_;  // Not changed after Prepare().
  absl::Mutex save_mutex_;
  std::string kept_ ABSL_GUARDED_BY(save_mutex_);  // What was written last.
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace fettle::server::siem
