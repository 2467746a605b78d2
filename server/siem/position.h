// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fettle::server::siem {

// How far an outlet has come.
struct Position {
  uint64_t next = 0;  // The first leaf of the evidence log not yet sent.
  std::map<std::string, absl::Time>
      silent;  // Hosts told to be silent, and when they were last heard.
};

// By the outlets' names.
using Positions = std::map<std::string, Position>;

std::string EncodePositions(const Positions& positions);
// kDataLoss for anything that EncodePositions() does not write.
absl::StatusOr<Positions> DecodePositions(std::string_view text);

}  // namespace fettle::server::siem
