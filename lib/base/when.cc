// SPDX-License-Identifier: Apache-2.0
#include "lib/base/when.h"

#include <algorithm>
#include <optional>
#include <string>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle {
namespace {

// What a unit of time is worth, or nothing.
std::optional<absl::Duration> Unit(char unit) {
  switch (unit) {
    case 's':
      return absl::Seconds(1);
    case 'm':
      return absl::Minutes(1);
    case 'h':
      return absl::Hours(1);
    case 'd':
      return absl::Hours(24);
    case 'w':
      return absl::Hours(24 * 7);
    default:
      return std::nullopt;
  }
}

// Takes one "15m" off the front of `rest`; nothing if there is none.
std::optional<absl::Duration> TakeSpan(std::string_view& rest) {
  constexpr int64_t kMost = 1'000'000;
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  int64_t count = 0;
  if (digits == rest.size() || !ParseInt(rest.substr(0, digits), &count) || count > kMost) {
    return std::nullopt;
  }
  const std::optional<absl::Duration> unit = Unit(rest[digits]);
  rest.remove_prefix(digits + 1);
  if (!unit.has_value()) {
    return std::nullopt;
  }
  return count * *unit;
}

absl::Time BeginningOfDay(absl::Time time, absl::TimeZone zone, int days_before) {
  const absl::CivilDay day = absl::ToCivilDay(time, zone) - days_before;
  return absl::FromCivil(day, zone);
}

}  // namespace

absl::StatusOr<absl::Duration> ParseSpan(std::string_view text) {
  absl::Duration total;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::optional<absl::Duration> part = TakeSpan(rest);
    if (!part.has_value()) {
      total = absl::ZeroDuration();
      break;
    }
    total += *part;
  }
  if (total <= absl::ZeroDuration()) {
    return InvalidArgument("\"{}\" is no span of time: write 90s, 15m, 2h, 7d, or together 1d12h",
                           text);
  }
  return total;
}

absl::StatusOr<absl::Time> ParseWhen(std::string_view text, absl::Time now, absl::TimeZone zone) {
  const std::string_view trimmed = Trim(text);
  if (trimmed == "now") {
    return now;
  }
  if (trimmed == "today" || trimmed == "yesterday") {
    return BeginningOfDay(now, zone, trimmed == "today" ? 0 : 1);
  }
  const std::string_view span =
      trimmed.ends_with(" ago") ? Trim(trimmed.substr(0, trimmed.size() - 4)) : trimmed;
  if (const auto before = ParseSpan(span); before.ok()) {
    return now - *before;
  }
  const absl::string_view given(trimmed.data(), trimmed.size());
  absl::Time time;
  std::string problem;
  for (const char* format : {"%Y-%m-%d",
                             "%Y-%m-%d %H:%M",
                             "%Y-%m-%d %H:%M:%E*S",
                             "%Y-%m-%dT%H:%M",
                             "%Y-%m-%dT%H:%M:%E*S",
                             "%Y-%m-%dT%H:%M:%E*S%Ez",
                             "%Y-%m-%d %H:%M:%E*S%Ez"}) {
    // "infinite-future" is a word of absl, not of ours.
    if (absl::ParseTime(format, given, zone, &time, &problem) && time > absl::InfinitePast() &&
        time < absl::InfiniteFuture()) {
      return time;
    }
  }
  return InvalidArgument(
      "\"{}\" is no time: write how long ago (90s, 15m, 2h, 7d), yesterday, 2026-03-01, "
      "\"2026-03-01 02:00\", or 2026-03-01T02:00:00Z",
      text);
}

}  // namespace fettle
