// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "fettle/v1/link.pb.h"
#include "lib/base/background_thread.h"
#include "lib/wire/framing.h"

namespace fettle::link {

// The link's end of the socket to the engine. Reads on a thread of its own into a queue; writes
// block, because the engine always reads. Safe from two threads: one takes and writes, one (its
// own) reads.
class EngineSocket {
 public:
  // Calls `arrived`, on the reading thread, whenever Take() has something new or the engine is
  // gone. The engine must have closed its end before this goes.
  EngineSocket(int fd, std::function<void()> arrived);

  // The next message, nullopt when there is none now.
  std::optional<v1::ToLink> Take();

  // Whether the engine closed its end, or sent what is no message: time to end.
  bool ended() const;

  // kUnavailable when the engine is gone.
  absl::Status Write(const v1::FromLink& message) const;

 private:
  void ReadAll();
  absl::Status ReadOnce(wire::FrameReader* reader);

  const int fd_;
  const std::function<void()> arrived_;
  mutable absl::Mutex mutex_;
  std::deque<v1::ToLink> inbox_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  BackgroundThread thread_;  // Last: it uses all of the above.
};

}  // namespace fettle::link
