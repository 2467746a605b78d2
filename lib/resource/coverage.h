// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace fettle::resource {

// How soon a foreign change of a resource is seen.
enum class Watching : uint8_t {
  kUnknown,
  kEvent,  // The kernel, systemd or the package database says so at once.
  kPoll,   // It is looked at every so often.
  kSweep,  // It is looked at only with everything else.
};

struct Coverage {
  Watching watching = Watching::kUnknown;
  absl::Duration worst;  // After how long at most a change is seen.
  std::string why;       // Why it is no better; "" when it is events.
  bool operator==(const Coverage&) const = default;
};

}  // namespace fettle::resource
