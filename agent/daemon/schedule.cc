// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/schedule.h"

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::agent {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);

absl::Time StartOfMinute(absl::Time time) {
  return absl::FromUnixSeconds(absl::ToUnixSeconds(time) / 60 * 60);
}

// "Sat 2026-11-28 02:00:00 UTC".
std::optional<absl::Time> ParseUtc(std::string_view text) {
  if (!text.ends_with(" UTC")) {
    return std::nullopt;
  }
  absl::Time time;
  std::string error;
  if (!absl::ParseTime("%a %Y-%m-%d %H:%M:%S UTC", std::string(text), &time, &error)) {
    return std::nullopt;
  }
  return time;
}

}  // namespace

std::optional<absl::Time> ParseNextElapse(std::string_view output) {
  for (const std::string_view line : SplitLines(output)) {
    const std::string_view trimmed = Trim(line);
    // On a host that lives by UTC there is no second line.
    for (const std::string_view label : {"Next elapse:", "(in UTC):"}) {
      if (!trimmed.starts_with(label)) {
        continue;
      }
      if (const auto time = ParseUtc(Trim(trimmed.substr(label.size())))) {
        return time;
      }
    }
  }
  return std::nullopt;
}

bool Schedule::Contains(const std::string& expression) {
  const absl::Time minute = StartOfMinute(clock_.Now());
  if (minute != minute_) {
    minute_ = minute;
    answers_.clear();
  }
  const auto known = answers_.find(expression);
  if (known != answers_.end()) {
    return known->second;
  }
  return answers_[expression] = Ask(expression);
}

bool Schedule::Ask(const std::string& expression) const {
  sys::Command command;
  command.argv = {"systemd-analyze",
                  "calendar",
                  fmt::format("--base-time=@{}", absl::ToUnixSeconds(minute_) - 1),
                  "--",
                  expression};
  const auto answer = prober_.Probe(command, Deadline::After(kPatience));
  if (!answer.ok() || answer->exit_code != 0) {
    return false;
  }
  const auto next = ParseNextElapse(answer->out);
  return next.has_value() && *next < minute_ + absl::Minutes(1);
}

}  // namespace fettle::agent
