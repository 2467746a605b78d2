// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "agent/daemon/converger.h"
#include "lib/base/background_thread.h"

namespace fettle::agent {

// The one thread that converges, so that the daemon answers while it does. Safe from two threads:
// the daemon's and its own. Going away waits for the job under way.
class ConvergeThread {
 public:
  explicit ConvergeThread(Converger& converger);
  ~ConvergeThread();
  ConvergeThread(const ConvergeThread&) = delete;
  ConvergeThread& operator=(const ConvergeThread&) = delete;

  // Begins a job. Only when the outcome of the one before was taken.
  void Start(Job job);

  // Becomes readable when there is an outcome.
  int fd() const { return event_fd_; }

  // The outcome, if it is there.
  std::optional<Outcome> Take();

 private:
  void Work();

  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stop_ || job_.has_value(); }

  Converger& converger_;
  const int event_fd_;
  absl::Mutex mutex_;
  std::optional<Job> job_ ABSL_GUARDED_BY(mutex_);
  std::optional<Outcome> outcome_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  BackgroundThread thread_;  // Last: it uses all of the above.
};

}  // namespace fettle::agent
