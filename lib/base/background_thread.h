// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

namespace fettle {

// One thread that runs one function, joined when this goes away. The owner makes the function
// return before that.
class BackgroundThread {
 public:
  explicit BackgroundThread(std::function<void()> body);
  ~BackgroundThread();
  BackgroundThread(const BackgroundThread&) = delete;
  BackgroundThread& operator=(const BackgroundThread&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fettle
