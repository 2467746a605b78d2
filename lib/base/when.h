// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

// Times as people write them; the one parser for command line and filters. Pure.
namespace fettle {

// A span of time: "90s", "15m", "2h", "7d", "1w", "1d12h". Positive; kInvalidArgument otherwise.
absl::StatusOr<absl::Duration> ParseSpan(std::string_view text);

// A moment: a span before `now` ("2h", "2h ago"), "now", "today" and "yesterday" (when that day
// began in `zone`), "2026-03-01", "2026-03-01 02:00" (seconds may follow, and 'T' may stand for the
// blank) in `zone`, or RFC 3339, which names its own. kInvalidArgument otherwise.
absl::StatusOr<absl::Time> ParseWhen(std::string_view text, absl::Time now, absl::TimeZone zone);

}  // namespace fettle
