// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lib/policy/tree.h"
#include "lib/recipe/evaluate.h"

namespace fettle::recipe {

// What can be said of a tree without evaluating it for any host: a missing fleet.lua; syntax errors
// of every Lua file and template, also of those that nobody includes; JSON and YAML data that does
// not parse; files where no reader looks. Runs nothing of the tree. Sorted by position.
std::vector<Problem> Lint(const policy::Tree& tree);

}  // namespace fettle::recipe
