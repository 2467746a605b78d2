// SPDX-License-Identifier: Apache-2.0
#include "server/housekeeper.h"

#include <utility>

namespace fettle::server {

Housekeeper::Housekeeper(std::function<void()> work, absl::Duration every)
    : work_(std::move(work)), every_(every) {
  thread_ = std::make_unique<BackgroundThread>([this] { Loop(); });
}

Housekeeper::~Housekeeper() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.reset();
}

void Housekeeper::Loop() {
  while (true) {
    {
      const absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), every_)) {
        return;
      }
    }
    work_();
  }
}

}  // namespace fettle::server
