// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/lint.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::recipe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Said(const std::map<std::string, std::string>& files) {
  policy::Tree tree;
  for (const auto& [path, content] : files) {
    EXPECT_TRUE(tree.Add(path, content).ok()) << path;
  }
  std::vector<std::string> said;
  for (const Problem& problem : Lint(tree)) {
    said.push_back(problem.Display());
  }
  return said;
}

TEST(LintTest, AGoodTreeHasNothingToSay) {
  EXPECT_THAT(Said({{"fleet.lua", "include 'a'"},
                    {"recipes/a/init.lua", "file '/x'"},
                    {"recipes/a/templates/t", "<%= 1 %>"},
                    {"recipes/a/files/broken.lua", "not ( Lua"},
                    {"data/common.yaml", "a: 1"}}),
              IsEmpty());
}

TEST(LintTest, FindsWhatNoHostIncludes) {
  EXPECT_THAT(Said({{"fleet.lua", ""},
                    {"data/common.json", "{"},
                    {"recipes/a.lua", "\nlocal x ="},
                    {"recipes/b/templates/t", "ok\n<%= ( %>"}}),
              ElementsAre(HasSubstr("data/common.json"),
                          HasSubstr("recipes/a.lua:2"),
                          HasSubstr("recipes/b/templates/t")));
}

TEST(LintTest, MissesFleetLuaAndRefusesBytecode) {
  EXPECT_THAT(Said({{"recipes/a.lua", "\x1bLua"}}),
              ElementsAre(HasSubstr("fleet.lua"), HasSubstr("recipes/a.lua")));
}

}  // namespace
}  // namespace fettle::recipe
