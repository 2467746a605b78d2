// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/policy/tree.h"
#include "lib/recipe/evaluate.h"

namespace fettle::recipe {

// kError: an evaluation that gets there fails. kWarning: surely not what was meant. kNote: worth a
// look.
enum class Severity { kError, kWarning, kNote };

// "error", "warning", "note".
std::string_view SeverityName(Severity severity);

struct Finding {
  Severity severity = Severity::kError;
  std::string rule;  // "syntax", "unknown-recipe", "missing-file", "unused-param", "unused-file".
  Problem problem;
  bool operator==(const Finding&) const = default;
};

// Looks at every file of a tree, also those that no host includes, without running any of it:
// syntax of Lua, templates and data; recipes, files and templates that are named and are not there;
// params, files and templates that nothing names. Names that are computed are believed. Sorted by
// place. What only an evaluation can tell (attributes, types, cycles) is Evaluate()'s.
std::vector<Finding> Lint(const policy::Tree& tree);

}  // namespace fettle::recipe
