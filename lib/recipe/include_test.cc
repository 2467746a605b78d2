// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/recipe/test_schemas.h"

namespace fettle::recipe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kRecipe[] = R"(
  local n = param "n" { type = "integer", min = 1, max = 8, default = host.facts.cpu.count }
  param "mode" { type = "string", allowed = { "a", "b" }, doc = "which" }
  param "plain"
  file "/n" { size = params.n, content = params.mode or params.plain or "none" }
)";

EvaluateResult Include(const std::string& params) {
  return Fixture({{"fleet.lua", "include('r', " + params + ")"}, {"recipes/r/init.lua", kRecipe}})
      .Run();
}

TEST(IncludeTest, ParamsHaveDefaults) {
  const EvaluateResult result = Include("nil");
  EXPECT_THAT(Shown(result), IsEmpty());
  EXPECT_EQ(Get(result, "file:/n").attributes.Integer("size", 0), 2);
  EXPECT_EQ(Get(result, "file:/n").attributes.String("content", ""), "none");
}

TEST(IncludeTest, ParamsAreGiven) {
  const EvaluateResult result = Include("{ n = 5, mode = 'b' }");
  EXPECT_THAT(Shown(result), IsEmpty());
  EXPECT_EQ(Get(result, "file:/n").attributes.Integer("size", 0), 5);
  EXPECT_EQ(Get(result, "file:/n").attributes.String("content", ""), "b");
}

TEST(IncludeTest, WrongParamsAreProblemsAtTheInclude) {
  EXPECT_THAT(Shown(Include("{ n = 'x' }")),
              HasSubstr("fleet.lua:1: recipe r: param \"n\": is to be of type integer, not"));
  EXPECT_THAT(Shown(Include("{ n = 9 }")), HasSubstr("at most 8, not 9"));
  EXPECT_THAT(Shown(Include("{ n = 0 }")), HasSubstr("at least 1, not 0"));
  EXPECT_THAT(Shown(Include("{ mode = 'c' }")), HasSubstr("c is not one of [a, b]"));
  EXPECT_THAT(Shown(Include("{ nn = 1 }")), HasSubstr("has no param \"nn\"; did you mean \"n\"?"));
  EXPECT_THAT(Shown(Include("{ 1 }")), HasSubstr("by name"));
  EXPECT_THAT(Shown(Include("5")), HasSubstr("are to be a table"));
}

TEST(IncludeTest, ParamsCanBeIterated) {
  const Fixture fixture({{"fleet.lua", "include('r', { b = 1, a = 2 })"},
                         {"recipes/r.lua",
                          "param 'a'\nparam 'b'\nparam 'none'\n"
                          "for k, v in pairs(params) do package(k .. v) end"}});
  EXPECT_THAT(Ids(fixture.Run()), ElementsAre("package:a2", "package:b1"));
}

TEST(IncludeTest, RequiredParamsMustBeGiven) {
  const Fixture fixture(
      {{"fleet.lua", "include 'r'"}, {"recipes/r.lua", "param 'x' { required = true }"}});
  EXPECT_THAT(Shown(fixture.Run()), HasSubstr("fleet.lua:1: recipe r: param \"x\": is required"));
}

TEST(IncludeTest, ReadingAnUndeclaredParamIsAnError) {
  const Fixture fixture(
      {{"fleet.lua", "include 'r'"}, {"recipes/r.lua", "param 'workers'\nprint(params.worker)"}});
  EXPECT_THAT(Shown(fixture.Run()),
              HasSubstr("recipes/r.lua:2 (included from fleet.lua:1): there "
                        "is no param \"worker\" here; did you mean"));
}

TEST(IncludeTest, WrongParamDeclarationsAreErrors) {
  EXPECT_THAT(Shown(RunFleet("param 'x' { tpye = 'string' }")),
              HasSubstr("did you mean \"type\"?"));
  EXPECT_THAT(Shown(RunFleet("param 'x' { type = 'strin' }")),
              HasSubstr("did you mean \"string\"?"));
  EXPECT_THAT(Shown(RunFleet("param 'x'\nparam 'x'")), HasSubstr("declared twice"));
}

TEST(IncludeTest, TheSameTwiceIsOnce) {
  const Fixture fixture({{"fleet.lua", "include 'a'\ninclude('b')\ninclude 'a'"},
                         {"recipes/a.lua", "exec 'a' { command = 'x' }"},
                         {"recipes/b.lua", "include 'a'\ninclude 'b'"}});
  const EvaluateResult result = fixture.Run();
  EXPECT_THAT(Shown(result), IsEmpty());
  EXPECT_THAT(Ids(result), ElementsAre("exec:a"));
}

TEST(IncludeTest, WithOtherParamsNamesBothPlaces) {
  const Fixture fixture({{"fleet.lua", "include('a', { x = 1 })\ninclude('a', { x = 2 })"},
                         {"recipes/a.lua", "param 'x'"}});
  EXPECT_THAT(Shown(fixture.Run()),
              HasSubstr("fleet.lua:2: recipe a is included with other params than at fleet.lua:1"));
}

TEST(IncludeTest, AuditOfAnIncludeReachesAllItIncludes) {
  const Fixture fixture(
      {{"fleet.lua", "include 'b'\ninclude('a', { enforce = false })\ninclude 'c'"},
       {"recipes/a.lua", "file '/a'\ninclude 'b'"},
       {"recipes/b.lua", "file '/b'"},
       {"recipes/c.lua", "file '/c'"}});
  const EvaluateResult result = fixture.Run();
  EXPECT_THAT(Shown(result), IsEmpty());
  EXPECT_FALSE(Get(result, "file:/a").enforce);
  EXPECT_FALSE(Get(result, "file:/b").enforce);
  EXPECT_TRUE(Get(result, "file:/c").enforce);
}

TEST(IncludeTest, GlobalsOfARecipeAreItsOwn) {
  const Fixture fixture({{"fleet.lua", "x = 1\ninclude 'a'"}, {"recipes/a.lua", "print(x)"}});
  EXPECT_THAT(Shown(fixture.Run()), HasSubstr("undefined variable \"x\""));
}

TEST(IncludeTest, EndlessIncludesEnd) {
  Fixture fixture({{"fleet.lua", "include 'r0'"}});
  for (int i = 0; i < 100; ++i) {
    fixture.Add("recipes/r" + std::to_string(i) + ".lua",
                "include 'r" + std::to_string(i + 1) + "'");
  }
  EXPECT_THAT(Shown(fixture.Run()), HasSubstr("including one another"));
}

TEST(RequireTest, FindsModulesOfTheTree) {
  const Fixture fixture({{"fleet.lua",
                          "local m = require 'paths'\nfile(m.motd)\n"
                          "assert(require('paths') == m)"},
                         {"lib/paths.lua", "return { motd = '/etc/motd' }"}});
  const EvaluateResult result = fixture.Run();
  EXPECT_THAT(Shown(result), IsEmpty());
  EXPECT_THAT(Ids(result), ElementsAre("file:/etc/motd"));
}

TEST(RequireTest, NamesTheLineOfAModuleThatFails) {
  const Fixture syntax({{"fleet.lua", "require 'm'"}, {"lib/m.lua", "\nlocal ="}});
  EXPECT_THAT(Shown(syntax.Run()), HasSubstr("lib/m.lua:2: "));
  const Fixture loop({{"fleet.lua", "require 'm'"}, {"lib/m.lua", "require 'm'"}});
  EXPECT_THAT(Shown(loop.Run()), HasSubstr("requires itself"));
}

}  // namespace
}  // namespace fettle::recipe
