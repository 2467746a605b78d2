// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "lib/policy/tree.h"

namespace fettle::recipe {

// The file of recipe `name`: recipes/<name>/init.lua or recipes/<name>.lua. kInvalidArgument that
// says which recipe may have been meant, when there is none.
absl::StatusOr<std::string> FindRecipe(const policy::Tree& tree, std::string_view name);

// The folder that a recipe's files/ and templates/ are in: "recipes/<name>/", "" for fleet.lua.
std::string RecipeFolder(std::string_view name);

// The file `name` in `folder` (as RecipeFolder() + "files/"). kInvalidArgument that says which
// files have similar names, when there is none.
absl::StatusOr<const policy::TreeFile*> FindIn(const policy::Tree& tree,
                                               const std::string& folder,
                                               std::string_view name);

}  // namespace fettle::recipe
