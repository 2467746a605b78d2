// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

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

// The words of a filter as one text.
std::string JoinWords(const std::vector<std::string>& words);

}  // namespace fettle::cli
