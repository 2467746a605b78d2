// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/converge_thread.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace fettle::agent {

ConvergeThread::ConvergeThread(Converger& converger)
    : converger_(converger),
      event_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { Work(); }) {}

ConvergeThread::~ConvergeThread() {
  {
    const absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  ::close(event_fd_);
}

void ConvergeThread::Start(Job job) {
  const absl::MutexLock lock(&mutex_);
  job_ = std::move(job);
}

std::optional<Outcome> ConvergeThread::Take() {
  const absl::MutexLock lock(&mutex_);
  if (outcome_.has_value()) {
    eventfd_t count = 0;
    (void)::eventfd_read(event_fd_, &count);
  }
  return std::exchange(outcome_, std::nullopt);
}

void ConvergeThread::Work() {
  while (true) {
    mutex_.LockWhen(absl::Condition(this, &ConvergeThread::HasWork));
    if (stop_) {
      mutex_.Unlock();
      return;
    }
    const Job job = *std::exchange(job_, std::nullopt);
    mutex_.Unlock();
    Outcome outcome = converger_.Converge(job);
    const absl::MutexLock lock(&mutex_);
    outcome_ = std::move(outcome);
    if (!stop_) {
      (void)::eventfd_write(event_fd_, 1);
    }
  }
}

}  // namespace fettle::agent
