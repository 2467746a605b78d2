// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fettle::cli {

// What `fettle label` is to do.
struct LabelChange {
  std::map<std::string, std::string> set;
  std::vector<std::string> remove;  // Sorted.
};

// "role=web" sets, "role-" removes. kInvalidArgument for anything else, and for a label that is
// named twice.
absl::StatusOr<LabelChange> ParseLabelChange(const std::vector<std::string>& words);

// "role=web" alone, as --label takes it.
absl::StatusOr<std::map<std::string, std::string>> ParseLabels(
    const std::vector<std::string>& words);

// A span of time: "90s", "15m", "2h", "7d", "1d12h". Positive; kInvalidArgument otherwise.
absl::StatusOr<absl::Duration> ParseSpan(std::string_view text);

// A time in the past: a span before `now`, "2026-03-01" (UTC), or RFC 3339.
absl::StatusOr<absl::Time> ParseSince(std::string_view text, absl::Time now);

// The words of a filter as one text.
std::string JoinWords(const std::vector<std::string>& words);

}  // namespace fettle::cli
