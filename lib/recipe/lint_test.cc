// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/lint.h"

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/recipe/test_schemas.h"

namespace fettle::recipe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// "severity rule place: message" of every finding.
std::vector<std::string> LintOf(
    std::initializer_list<std::pair<std::string_view, std::string>> sources) {
  const Fixture fixture(sources);
  std::vector<std::string> lines;
  for (const Finding& finding : Lint(fixture.tree())) {
    lines.push_back(std::string(SeverityName(finding.severity)) + " " + finding.rule + " " +
                    finding.problem.Display());
  }
  return lines;
}

TEST(LintTest, HasNothingToSayOfATidyTree) {
  EXPECT_THAT(
      LintOf({{"fleet.lua", "include 'web'\ninclude('base', {})\ninclude(host.labels.role)"},
              {"recipes/base.lua", ""},
              {"recipes/web/init.lua",
               "param 'a'\nlocal b = param 'b' {}\nparam 'c'\n"
               "file '/x' { template = 'x', only_if = params.a }\n"
               "file '/y' { source = 'y' }\nfile '/z' { source = '/abs' }"},
              {"recipes/web/templates/x", "<%= params['c'] %>\n"},
              {"recipes/web/files/y", "<% not a template"},
              {"data/common.yaml", "a: 1"}}),
      IsEmpty());
}

TEST(LintTest, LooksAtFilesThatNobodyIncludes) {
  EXPECT_THAT(LintOf({{"fleet.lua", ""},
                      {"recipes/a.lua", "\nlocal ="},
                      {"recipes/b/templates/t", "\n\n<% end %>"},
                      {"recipes/b/templates/u", "\n<% x"},
                      {"data/common.json", "{"},
                      {"data/common/x.yaml", "a: ["}}),
              ElementsAre(StartsWith("error syntax data/common.json: "),
                          StartsWith("error syntax data/common/x.yaml: "),
                          StartsWith("error syntax recipes/a.lua:2: "),
                          "note unused-file recipes/b/templates/t: no recipe names this file",
                          StartsWith("error syntax recipes/b/templates/t:3: "),
                          StartsWith("error syntax recipes/b/templates/u: line 2: <% without"),
                          "note unused-file recipes/b/templates/u: no recipe names this file"));
}

TEST(LintTest, FindsWhatIsNamedAndNotThere) {
  EXPECT_THAT(
      LintOf({{"fleet.lua", "include 'wbe'\nfile '/x' { template = 'x' }"},
              {"recipes/web.lua", "\nfile '/y' { source = 'y' }"}}),
      ElementsAre(StartsWith("error unknown-recipe fleet.lua:1: there is no recipe \"wbe\""),
                  StartsWith("error missing-file fleet.lua:2: there is no templates/x"),
                  StartsWith("error missing-file recipes/web.lua:2: ")));
}

TEST(LintTest, FindsWhatIsThereAndNotNamed) {
  EXPECT_THAT(
      LintOf({{"fleet.lua", ""},
              {"recipes/a/init.lua", "param 'unused' { default = 1 }\nprint(params.other)"},
              {"recipes/a/files/f", ""},
              {"recipes/b/init.lua", "file '/x' { source = 'f' .. 1, template = host.name }"},
              {"recipes/b/files/f1", ""},
              {"recipes/b/templates/t", ""}}),
      ElementsAre(
          "note unused-file recipes/a/files/f: no recipe names this file",
          "warning unused-param recipes/a/init.lua:1: param \"unused\" is declared and never "
          "used"));
}

}  // namespace
}  // namespace fettle::recipe
