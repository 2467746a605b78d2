// SPDX-License-Identifier: Apache-2.0
// What is wrong is said, all of it, with the place.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/recipe/test_schemas.h"

namespace fettle::recipe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct BadFleet {
  const char* name;
  const char* source;
  const char* problem;
};

class BadFleetTest : public ::testing::TestWithParam<BadFleet> {};

TEST_P(BadFleetTest, IsSaidWithItsPlace) {
  const EvaluateResult result = RunFleet(GetParam().source);
  EXPECT_THAT(Shown(result), HasSubstr(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    All,
    BadFleetTest,
    ::testing::Values(
        BadFleet{"Syntax", "file '/a' {\n  mode = \n}", "fleet.lua:3: unexpected symbol near '}'"},
        BadFleet{"UnknownWord",
                 "\npakage 'x'",
                 "fleet.lua:2: undefined variable \"pakage\"; did you mean \"package\"?"},
        BadFleet{"UnknownAttribute", "\nfile '/a' { mdoe = '0644' }", "did you mean \"mode\"?"},
        BadFleet{"WrongType", "file '/a' { size = 'big' }", "fleet.lua:1: file \"/a\": "},
        BadFleet{"Fraction", "file '/a' { size = 1.5 }", "size: 1.5 is not a whole number"},
        BadFleet{"MixedTable", "file '/a' { env = { 1, a = 2 } }", "mixes"},
        BadFleet{"FunctionValue", "file '/a' { content = print }", "a function cannot be a value"},
        BadFleet{
            "SelfContaining", "local t = {}\nt.t = t\nfile '/a' { env = t }", "contain itself"},
        BadFleet{"RelativeName", "file 'etc/motd'", "fleet.lua:1: file \"etc/motd\""},
        BadFleet{"MissingRequired", "exec 'x'", "command"},
        BadFleet{"EmptyName", "package ''", "the name of a package is empty"},
        BadFleet{
            "NilName", "package(host.facts.none)", "name of a package is to be a text, not nil"},
        BadFleet{"NotATable", "package 'x' 'y'", "a table with its attributes is expected"},
        BadFleet{"TwoTables", "package 'x' {} {}", "already has its attributes"},
        BadFleet{"TableInCall", "package('x', {})", "in a call of their own"},
        BadFleet{
            "UnknownTarget",
            "package 'nginx'\nfile '/a' { after = 'package:ngin' }",
            "fleet.lua:2: file \"/a\" names package:ngin, which is not declared; did you mean"},
        BadFleet{"NilTarget", "file '/a' { after = { nil, 'package:x' } }", "never set"},
        BadFleet{"BareTarget", "file '/a' { after = 'x' }", "\"type:name\""},
        BadFleet{"GuardOfWrongKind", "file '/a' { only_if = 1 }", "only_if: a condition is to be"},
        BadFleet{"UnknownGuard",
                 "file '/a' { only_if = { file_exist = '/x' } }",
                 "did you mean \"file_exists\"?"},
        BadFleet{"EnforceOfWrongKind",
                 "file '/a' { enforce = 'no' }",
                 "enforce is to be true or false, not a text"},
        BadFleet{"Retries", "file '/a' { retries = -1 }", "retries is to be"},
        BadFleet{
            "Confirm", "file '/a' { confirm = 'soon' }", "confirm is to be a time from 1s to 1h"},
        BadFleet{"ConfirmAtOnce", "file '/a' { confirm = '0s' }", "or \"off\", not \"0s\""},
        BadFleet{"Timeout", "file '/a' { timeout = 'soon' }", "file \"/a\""},
        BadFleet{"Cycle",
                 "file '/a' { after = 'file:/b' }\nfile '/b' { after = 'file:/a' }",
                 "fleet.lua:1"},
        BadFleet{"TwoOwners", "file '/a'\ndirectory '/a'", "fleet.lua:2"},
        BadFleet{"MissingTemplate", "file '/a' { template = 'x' }", "there is no templates/x"},
        BadFleet{"TemplateAndContent",
                 "file '/a' { template = 'x', content = 'y' }",
                 "in place of content"},
        BadFleet{"VarsAlone", "file '/a' { vars = {} }", "vars is for a template"},
        BadFleet{"UnknownRecipe", "include 'ngnix'", "fleet.lua:1: there is no recipe \"ngnix\""},
        BadFleet{"RecipeTraversal", "include '../../etc/passwd'", "there is no recipe"},
        BadFleet{"SourceTraversal", "file '/a' { source = '../fleet.lua' }", "\"..\""},
        BadFleet{"UnknownData", "data 'x'", "there is no data \"x\""},
        BadFleet{"UnknownSecret", "secret 'x'", "there is no secret \"x\""},
        BadFleet{"UnknownHostField", "print(host.fact)", "no .fact"},
        BadFleet{"HostSet", "host.name = 'x'", "cannot be set"},
        BadFleet{"GroupWithoutBody", "group 'g' { on_failure = 'rollback' }", "needs a function"},
        BadFleet{"NestedGroups",
                 "group 'g' { function() group 'h' { function() end } end }",
                 "do not nest"},
        BadFleet{
            "ErrorInGroup", "group 'g' { function()\n  error('boom')\nend }", "fleet.lua:2: boom"},
        BadFleet{"ErrorWithTable", "\nerror({ 1 })", "fleet.lua:2: error() was given a table"},
        BadFleet{"ErrorWithNil", "error()", "error() was given nil"},
        BadFleet{
            "NilIndex", "\nlocal x = host.facts.a.b", "fleet.lua:2: attempt to index a nil value"},
        BadFleet{"UnknownModule", "require 'os'", "there is no module \"os\""}),
    [](const auto& test) { return test.param.name; });

TEST(ProblemsTest, AllAreReportedSortedAndOnce) {
  const EvaluateResult result = RunFleet(R"(
    file "/b" { mdoe = 1, size = "x" }
    file "relative"
    for i = 1, 3 do file "/c" { onwer = "x" } end
    include "none"
    package ""
    package "a\nb" { verison = "1" }
  )");
  std::vector<int> lines;
  for (const Problem& problem : result.problems) {
    lines.push_back(problem.position.line);
  }
  EXPECT_THAT(lines, ElementsAre(2, 2, 3, 4, 5, 6, 7)) << Shown(result);
}

TEST(ProblemsTest, ARuntimeErrorEndsThatRecipeOnly) {
  const Fixture fixture({{"fleet.lua", "include 'a'\ninclude 'b'\nfile '/fleet'"},
                         {"recipes/a.lua", "file '/a'\nerror('boom')\nfile '/never'"},
                         {"recipes/b.lua", "file '/b' { after = 'file:/never' }"}});
  const EvaluateResult result = fixture.Run();
  EXPECT_THAT(Ids(result), ElementsAre("file:/a", "file:/b", "file:/fleet"));
  // Not that /never is missing: it is so because of the first.
  EXPECT_EQ(Shown(result), "recipes/a.lua:2 (included from fleet.lua:1): boom\n");
}

TEST(ProblemsTest, AProblemCarriesTheChainOfIncludes) {
  const Fixture fixture({{"fleet.lua", "\ninclude 'a'"},
                         {"recipes/a.lua", "\n\ninclude 'b'"},
                         {"recipes/b.lua", "file '/x' { mdoe = 1 }"}});
  const EvaluateResult result = fixture.Run();
  ASSERT_EQ(result.problems.size(), 1U) << Shown(result);
  EXPECT_THAT(result.problems[0].position.via, ElementsAre("fleet.lua:2", "recipes/a.lua:3"));
}

TEST(ProblemsTest, ThoseBeyondTheLimitAreCounted) {
  Fixture fixture({{"fleet.lua", "for i = 1, 50 do file('x' .. i) end"}});
  fixture.input().limits.problems = 10;
  const EvaluateResult result = fixture.Run();
  EXPECT_EQ(result.problems.size(), 11U);
  EXPECT_EQ(result.problems.back().message, "and 40 problems more");
}

TEST(ProblemsTest, LongPathsKeepTheirLines) {
  const std::string name(120, 'n');
  const Fixture fixture({{"fleet.lua", "include '" + name + "'\ninclude 'x" + name + "'"},
                         {"recipes/" + name + ".lua", "\nlocal x = nil + 1"},
                         {"recipes/x" + name + ".lua", "\n\nlocal ="}});
  const std::string shown = Shown(fixture.Run());
  EXPECT_THAT(shown, HasSubstr("recipes/" + name + ".lua:2 "));
  EXPECT_THAT(shown, HasSubstr("recipes/x" + name + ".lua:3 "));
  EXPECT_THAT(shown, Not(HasSubstr("...")));
}

}  // namespace
}  // namespace fettle::recipe
