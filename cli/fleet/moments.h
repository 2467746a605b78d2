// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace CLI {  // NOLINT(readability-identifier-naming): not ours to choose
class App;
}

// --at, --since and --until: one way to write a moment in every command, in this machine's own time
// zone (lib/base/when.h).
namespace fettle::cli {

struct Range {
  std::string since;
  std::string until;
};

// Adds --since, said by `help`, and --until.
void AddRangeOptions(CLI::App* command, Range* range, const std::string& help);

// Adds --at, a moment that passed.
void AddAtOption(CLI::App* command, std::string* at);

// Microseconds since 1970 of what stands behind `option`; 0 for "". kInvalidArgument names the
// option; what lies in the future is refused.
absl::StatusOr<int64_t> MomentOf(const char* option, const std::string& text);

// "as of Mon 2026-03-02 14:00:00 CET" for a moment that was asked for; "" for 0.
std::string AsOf(int64_t microseconds);

// Says on standard error that what is shown is that of a moment; nothing for 0.
void SayAsOf(int64_t microseconds);

}  // namespace fettle::cli
