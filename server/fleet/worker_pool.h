// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "lib/base/background_thread.h"

namespace fettle::server {

// A few threads for work that may wait for the store or the network, so that gRPC's own threads and
// the store's never do. Work is begun in the order posted. The queue is as long as its users make
// it: each session has at most a handful of tasks in it. Safe from any thread.
class WorkerPool {
 public:
  explicit WorkerPool(std::size_t threads);
  // Does what was posted, then ends the threads.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // For the log the work belongs to the request that posted it (lib/log). After Stop() it is
  // dropped.
  void Post(std::function<void()> work) ABSL_LOCKS_EXCLUDED(mutex_);

  // Does what was posted, then ends the threads. Not to be called from a worker.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Task {
    std::function<void()> work;
    std::string request;
  };

  void Loop() ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Task> queue_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<BackgroundThread>> threads_;
};

}  // namespace fettle::server
