// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "fettle/v1/link.pb.h"
#include "lib/wire/framing.h"

namespace fettle::link {

// The link's end of the socket to the engine. Reading never waits; writing does, because the engine
// always reads. One thread.
class EngineSocket {
 public:
  // `fd` stays the caller's.
  explicit EngineSocket(int fd) : fd_(fd) {}

  int fd() const { return fd_; }

  // Reads what has come by now. kUnavailable when the engine closed its end.
  absl::Status Read();

  // The next message of what was read, nullopt when there is none. kInvalidArgument for what is no
  // message: time to end.
  absl::StatusOr<std::optional<v1::ToLink>> Take();

  // kUnavailable when the engine is gone.
  absl::Status Write(const v1::FromLink& message) const;

 private:
  const int fd_;
  wire::FrameReader reader_;
};

}  // namespace fettle::link
