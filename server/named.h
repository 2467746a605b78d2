// SPDX-License-Identifier: Apache-2.0
// For the commands of fettle-server that try what the configuration names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include <fmt/ranges.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::server {

// The one of this name of a list of tables [[table]]; kNotFound, with the names that there are.
template <typename T>
absl::StatusOr<T> FindNamed(const std::vector<T>& all,
                            std::string_view table,
                            const std::string& name) {
  std::vector<std::string_view> names;
  for (const T& one : all) {
    if (one.name == name) {
      return one;
    }
    names.push_back(one.name);
  }
  if (names.empty()) {
    return NotFound("the configuration has no [[{}]]", table);
  }
  return NotFound("there is no [[{}]] named \"{}\"{}; there are {}",
                  table,
                  name,
                  DidYouMean(name, names),
                  fmt::join(names, ", "));
}

}  // namespace fettle::server
