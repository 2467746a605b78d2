// SPDX-License-Identifier: Apache-2.0
#include "lib/base/background_thread.h"

#include <thread>
#include <utility>

namespace fettle {

struct BackgroundThread::State {
  explicit State(std::function<void()> body) : thread(std::move(body)) {}

  std::thread thread;
};

BackgroundThread::BackgroundThread(std::function<void()> body)
    : state_(std::make_unique<State>(std::move(body))) {}

BackgroundThread::~BackgroundThread() {
  state_->thread.join();
}

}  // namespace fettle
