// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/words.h"

#include <algorithm>
#include <set>

#include "lib/base/status_macros.h"

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

std::string JoinWords(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace fettle::cli
