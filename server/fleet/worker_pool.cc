// SPDX-License-Identifier: Apache-2.0
#include "server/fleet/worker_pool.h"

#include <utility>

#include "lib/log/request.h"

namespace fettle::server {

WorkerPool::WorkerPool(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.push_back(std::make_unique<BackgroundThread>([this] { Loop(); }));
  }
}

WorkerPool::~WorkerPool() {
  Stop();
}

void WorkerPool::Post(std::function<void()> work) {
  const absl::MutexLock lock(&mutex_);
  if (!stopping_) {
    queue_.push_back({std::move(work), log::CurrentRequestId()});
  }
}

void WorkerPool::Stop() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  threads_.clear();
}

void WorkerPool::Loop() {
  while (true) {
    Task task;
    {
      const absl::MutexLock lock(&mutex_);
      const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
        return stopping_ || !queue_.empty();
      };
      mutex_.Await(absl::Condition(&ready));
      if (queue_.empty()) {
        return;
      }
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    const log::RequestScope scope(std::move(task.request));
    task.work();
  }
}

}  // namespace fettle::server
