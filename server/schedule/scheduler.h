// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
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
#include "server/config/report.h"
#include "server/schedule/dispatch.h"
#include "server/schedule/document.h"

namespace fettle::server::schedule {

// For the metrics, since the server began.
struct ReportFigures {
  std::string report;
  uint64_t sent = 0;
  uint64_t failed = 0;  // Tries that were not taken.
  uint64_t missed = 0;  // Reports that were not sent before the next one was due.
};

// Sends each report once for each time that it is due, also when the server was away then: the
// newest that is due, not those before it. What is not taken is tried again until the next one is
// due. One thread for all. Safe from any thread; without reports it does nothing.
class Scheduler {
 public:
  struct Options {
    std::vector<ScheduledReport> reports;
    std::string server;  // What the server is called.
    // The file that keeps what was sent; kNotFound when there is none yet.
    std::function<absl::StatusOr<std::string>()> load;
    std::function<absl::Status(std::string_view)> save;
  };

  // All must outlive it.
  Scheduler(Writer& writer, const Clock& clock, Carriers carriers, Options options);
  // Stop().
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Reads what was sent; a report that is new is first sent when it is due next. Called once,
  // before anything else.
  void Prepare();
  // Starts the thread, once.
  void Start();
  // Ends it; what is being sent is cut off, and sent by the next server.
  void Stop();

  // Sends what is due, as the thread does.
  void SendDue();

  std::vector<ReportFigures> Figures() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Entry;

  void Send(Entry* entry, absl::Time due);
  void Save();
  // Whether it is over.
  bool Pause(absl::Duration wait) ABSL_LOCKS_EXCLUDED(mutex_);

  Writer& writer_;
  const Clock& clock_;
  const Carriers carriers_;
  const Options options_;
  std::atomic<bool> cancelled_ = false;
  std::vector<std::unique_ptr<Entry>> entries_;  // Of the thread, after Prepare().
  mutable absl::Mutex mutex_;
  std::vector<ReportFigures> figures_ ABSL_GUARDED_BY(mutex_);  // As entries_.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<BackgroundThread> thread_;
};

}  // namespace fettle::server::schedule
