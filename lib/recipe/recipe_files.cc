// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/recipe_files.h"

#include <set>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::recipe {
namespace {

constexpr std::string_view kRecipes = "recipes/";
constexpr std::string_view kInit = "/init.lua";
constexpr std::string_view kSuffix = ".lua";

// All recipes of a tree, by name.
std::set<std::string_view> RecipeNames(const policy::Tree& tree) {
  std::set<std::string_view> names;
  for (auto entry = tree.files().lower_bound(kRecipes);
       entry != tree.files().end() && entry->first.starts_with(kRecipes);
       ++entry) {
    std::string_view name = std::string_view(entry->first).substr(kRecipes.size());
    if (name.ends_with(kInit)) {
      names.insert(name.substr(0, name.size() - kInit.size()));
    } else if (name.ends_with(kSuffix) && name.find('/') == std::string_view::npos) {
      names.insert(name.substr(0, name.size() - kSuffix.size()));
    }
  }
  return names;
}

}  // namespace

absl::StatusOr<std::string> FindRecipe(const policy::Tree& tree, std::string_view name) {
  std::string file = fmt::format("{}{}{}", kRecipes, name, kInit);
  if (tree.Find(file) != nullptr) {
    return file;
  }
  file = fmt::format("{}{}{}", kRecipes, name, kSuffix);
  if (tree.Find(file) != nullptr) {
    return file;
  }
  const std::set<std::string_view> names = RecipeNames(tree);
  const std::vector<std::string_view> known(names.begin(), names.end());
  return InvalidArgument("there is no recipe \"{}\" (recipes/{}/init.lua or recipes/{}.lua){}",
                         name,
                         name,
                         name,
                         DidYouMean(name, known));
}

std::string RecipeFolder(std::string_view name) {
  return name.empty() ? std::string() : fmt::format("{}{}/", kRecipes, name);
}

absl::StatusOr<const policy::TreeFile*> FindIn(const policy::Tree& tree,
                                               const std::string& folder,
                                               std::string_view name) {
  RETURN_IF_ERROR(policy::CheckPath(name));
  const policy::TreeFile* file = tree.Find(fmt::format("{}{}", folder, name));
  if (file != nullptr) {
    return file;
  }
  std::vector<std::string_view> known;
  for (auto entry = tree.files().lower_bound(folder);
       entry != tree.files().end() && entry->first.starts_with(folder);
       ++entry) {
    known.push_back(std::string_view(entry->first).substr(folder.size()));
  }
  return InvalidArgument("there is no {}{}{}", folder, name, DidYouMean(name, known));
}

}  // namespace fettle::recipe
