// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/words.h"

#include <algorithm>
#include <optional>
#include <set>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::cli {
namespace {

constexpr std::size_t kMaxLabelBytes = 256;

bool IsLabelCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || c == '/';
}

absl::Status CheckLabelName(std::string_view name, std::string_view word) {
  if (name.empty() || name.size() > kMaxLabelBytes ||
      !std::all_of(name.begin(), name.end(), IsLabelCharacter)) {
    return InvalidArgument("\"{}\": a label's name has letters, digits and . _ - /, as in role=web",
                           word);
  }
  return absl::OkStatus();
}

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

}  // namespace

absl::StatusOr<LabelChange> ParseLabelChange(const std::vector<std::string>& words) {
  LabelChange change;
  std::set<std::string> seen;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const bool removes = equals == std::string::npos && word.ends_with('-');
    if (equals == std::string::npos && !removes) {
      return InvalidArgument(
          "\"{}\": write {}=VALUE to set it, {}- to remove it", word, word, word);
    }
    const std::string name = word.substr(0, removes ? word.size() - 1 : equals);
    RETURN_IF_ERROR(CheckLabelName(name, word));
    if (!seen.insert(name).second) {
      return InvalidArgument("the label {} is named twice", name);
    }
    if (removes) {
      change.remove.push_back(name);
    } else {
      change.set[name] = word.substr(equals + 1);
    }
  }
  std::sort(change.remove.begin(), change.remove.end());
  return change;
}

absl::StatusOr<std::map<std::string, std::string>> ParseLabels(
    const std::vector<std::string>& words) {
  ASSIGN_OR_RETURN(LabelChange change, ParseLabelChange(words));
  if (!change.remove.empty()) {
    return InvalidArgument("\"{}-\": labels are only set here, as in role=web",
                           change.remove.front());
  }
  return std::move(change.set);
}

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

absl::StatusOr<absl::Time> ParseSince(std::string_view text, absl::Time now) {
  if (const auto span = ParseSpan(text); span.ok()) {
    return now - *span;
  }
  absl::Time time;
  std::string problem;
  const absl::string_view given(text.data(), text.size());
  if (!absl::ParseTime(absl::RFC3339_full, given, &time, &problem) &&
      !absl::ParseTime("%Y-%m-%d", given, &time, &problem)) {
    return InvalidArgument(
        "--since {}: write how long ago (90s, 15m, 2h, 7d), or when (2026-03-01, "
        "2026-03-01T14:30:00Z)",
        text);
  }
  return time;
}

std::string JoinWords(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace fettle::cli
