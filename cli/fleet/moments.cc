// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/moments.h"

#include <cstdio>

#include "absl/time/clock.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/fleet/present.h"
#include "lib/base/status_macros.h"
#include "lib/base/when.h"

namespace fettle::cli {

void AddRangeOptions(CLI::App* command, Range* range, const std::string& help) {
  command->add_option("--since",
                      range->since,
                      help + ": 2h, 7d, yesterday, 2026-03-01, \"2026-03-01 02:00\", or RFC 3339");
  command->add_option("--until", range->until, "Nothing that began after this, written likewise");
}

void AddAtOption(CLI::App* command, std::string* at) {
  command->add_option("--at",
                      *at,
                      "As it was then: 2h, yesterday, 2026-03-01, \"2026-03-01 02:00\" (your time "
                      "zone), or RFC 3339");
}

absl::StatusOr<int64_t> MomentOf(const char* option, const std::string& text) {
  if (text.empty()) {
    return 0;
  }
  const absl::Time now = absl::Now();
  auto time = ParseWhen(text, now, absl::LocalTimeZone());
  if (!time.ok()) {
    return Annotate(time.status(), option);
  }
  if (*time > now) {
    return InvalidArgument("{} {} lies in the future", option, text);
  }
  return ToMicroseconds(*time);
}

std::string AsOf(int64_t microseconds) {
  return microseconds == 0 ? ""
                           : "as of " + absl::FormatTime("%a %Y-%m-%d %H:%M:%S %Z",
                                                         FromMicroseconds(microseconds),
                                                         absl::LocalTimeZone());
}

void SayAsOf(int64_t microseconds) {
  if (microseconds != 0) {
    fmt::print(stderr, "{}\n", AsOf(microseconds));
  }
}

}  // namespace fettle::cli
