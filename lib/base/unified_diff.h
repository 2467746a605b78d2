// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fettle {

struct DiffLimits {
  std::size_t context = 3;           // Unchanged lines around a change.
  std::size_t max_bytes = 64 << 10;  // Output beyond this is cut after a whole line, and says so.
  // Bound on work: steps of the search, about (lines of `before`) x (edits), and four bytes of
  // memory each; beyond it one block replaces all between the common beginning and end.
  std::size_t max_cost = 4'000'000;
};

// The unified diff (POSIX `diff -u` hunks, without the file header) that turns `before` into
// `after`; "" if equal. A missing final newline is marked as diff does. Text that is not UTF-8 or
// holds NUL yields one line: "Binary content differs (N bytes before, M after)". Linear in the
// input but for the changed middle.
std::string UnifiedDiff(std::string_view before,
                        std::string_view after,
                        const DiffLimits& limits = {});

}  // namespace fettle
