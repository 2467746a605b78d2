// SPDX-License-Identifier: Apache-2.0
// What a hostile recipe tries.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/recipe/test_schemas.h"

namespace fettle::recipe {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Small limits: the same paths, sooner.
EvaluateResult RunSmall(const std::string& source) {
  Fixture fixture({{"fleet.lua", source}});
  fixture.input().limits.memory_bytes = 8U << 20;
  fixture.input().limits.instructions = 5'000'000;
  fixture.input().limits.wall = absl::Seconds(60);
  return fixture.Run();
}

struct Bomb {
  const char* name;
  const char* source;
};

class BombTest : public ::testing::TestWithParam<Bomb> {};

TEST_P(BombTest, IsStoppedByALimit) {
  const EvaluateResult result = RunSmall(GetParam().source);
  ASSERT_EQ(result.problems.size(), 1U) << Shown(result);
  EXPECT_THAT(Shown(result),
              AnyOf(HasSubstr("instructions"), HasSubstr("memory"), HasSubstr("resources")));
}

INSTANTIATE_TEST_SUITE_P(
    All,
    BombTest,
    ::testing::Values(
        Bomb{"EndlessLoop", "while true do end"},
        Bomb{"LoopInPcall", "while true do pcall(function() while true do end end) end"},
        Bomb{"LoopInXpcall", "while true do xpcall(error, function() while true do end end) end"},
        Bomb{"LoopInClose",
             "local x <close> = setmetatable({}, { __close = function() while true do end end })\n"
             "while true do end"},
        Bomb{"Memory", "local t = {} for i = 1, 1e9 do t[i] = {} end"},
        Bomb{"MemoryInPcall",
             "while true do pcall(function() local t = {} while true do t[#t+1] = ('x'):rep(1000) "
             ".. #t end end) end"},
        Bomb{"Doubling", "local s = 'x' while true do s = s .. s end"},
        Bomb{"Rep", "local s = ('x'):rep(1e9)"},
        Bomb{"RepOften", "while true do local s = ('x'):rep(1e6) end"},
        Bomb{"Pattern", "local s = ('a'):rep(200) return s:find(('.-'):rep(30) .. 'b')"},
        Bomb{"PatternMaximal", "return (('a'):rep(100)):match(('a*'):rep(20) .. 'b')"},
        Bomb{"PatternGsub",
             "return (('a'):rep(2000)):gsub(('a?'):rep(30) .. ('a'):rep(30) .. 'c', '')"},
        Bomb{"PatternBalance", "local s = ('('):rep(20000) for w in s:gmatch('%b()') do end"},
        Bomb{"TableMove", "table.move({}, 1, math.maxinteger - 1, 2)"},
        Bomb{"InsertWithLen",
             "table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, 2)"},
        Bomb{"ConcatWithLen",
             "table.concat(setmetatable({}, { __len = function() return 1 << 60 end, __index = "
             "function() return '' end }))"},
        Bomb{"Sort",
             "local t = {} for i = 1, 10000 do t[i] = i end while true do table.sort(t) end"},
        Bomb{"NextLoop",
             "local t = {} for i = 1, 5000 do t[i] = i end while true do next(t, 1) end"},
        Bomb{"Format",
             "local s = '' while true do s = string.format('%s%s', s, 'xxxxxxxxxxxxxxxx') end"},
        Bomb{"ErrorsInHandlers",
             "local function f() return xpcall(error, f) end while true do f() end"},
        Bomb{"Notes", "while true do print(('x'):rep(1000)) end"},
        Bomb{"BigAttributes",
             "local s = ('x'):rep(1e6) for i = 1, 1e6 do file('/' .. i) { content = s } end"}),
    [](const auto& test) { return test.param.name; });

TEST(SandboxTest, DeepRecursionIsAnError) {
  const EvaluateResult result = RunFleet("local function f() return 1 + f() end\nf()");
  EXPECT_THAT(Shown(result),
              AnyOf(HasSubstr("fleet.lua:1: stack overflow"),
                    HasSubstr("fleet.lua:1: evaluation needs more")));
}

TEST(SandboxTest, DeeplyNestedSourceIsAnError) {
  const std::string source = "local x = " + std::string(100000, '(');
  EXPECT_THAT(Shown(RunFleet(source)), HasSubstr("fleet.lua: C stack overflow"));
}

TEST(SandboxTest, TooManyResourcesAreAnError) {
  Fixture fixture({{"fleet.lua", "\nfor i = 1, 100001 do package('p' .. i) end"}});
  const EvaluateResult result = fixture.Run();
  EXPECT_THAT(Shown(result), HasSubstr("fleet.lua:2: more than 100000 resources"));
}

TEST(SandboxTest, TimeIsTheLastResort) {
  Fixture fixture({{"fleet.lua", "while true do end"}});
  fixture.input().limits.wall = absl::Milliseconds(1);
  EXPECT_THAT(Shown(fixture.Run()), HasSubstr("longer than 1ms"));
}

TEST(SandboxTest, ALimitNamesTheLine) {
  EXPECT_THAT(Shown(RunSmall("\n\nwhile true do end")), HasSubstr("fleet.lua:3: evaluation took"));
  EXPECT_THAT(Shown(RunSmall("\nlocal s = ('x'):rep(1e9)")), HasSubstr("fleet.lua:2: evaluation"));
}

TEST(SandboxTest, WhatReachesOutsideIsNotThere) {
  for (const char* name : {"os",
                           "io",
                           "debug",
                           "package_",
                           "coroutine",
                           "dofile",
                           "loadfile",
                           "collectgarbage",
                           "warn",
                           "loadstring"}) {
    EXPECT_THAT(Shown(RunFleet(std::string("print(") + name + ")")),
                HasSubstr(std::string("undefined variable \"") + name))
        << name;
  }
  for (const char* gone : {"string.dump", "math.random", "math.randomseed"}) {
    EXPECT_THAT(Shown(RunFleet(std::string("assert(") + gone + " == nil)")), IsEmpty()) << gone;
  }
}

TEST(SandboxTest, BytecodeIsRefused) {
  EXPECT_THAT(Shown(RunFleet("\x1bLua\x54")), Not(IsEmpty()));
  EXPECT_THAT(Shown(RunFleet("local f, e = load('\\27Lua', 'x', 'b')\nassert(f == nil)\nerror(e)")),
              HasSubstr("bytecode"));
  EXPECT_THAT(Shown(RunFleet("assert(load('\\27Lua') == nil)")), IsEmpty());
}

TEST(SandboxTest, LoadedTextHasTheSameWalls) {
  EXPECT_THAT(Shown(RunFleet("assert(load('return 1 + 1')() == 2)")), IsEmpty());
  EXPECT_THAT(Shown(RunFleet("\nload('os.exit()')()")),
              HasSubstr("fleet.lua:2: undefined variable"));
  EXPECT_THAT(Shown(RunFleet("assert(load('return x', 'n', 't', { x = 3 })() == 3)")), IsEmpty());
}

TEST(SandboxTest, MetatablesOfOursAreClosed) {
  for (const char* source : {"getmetatable(_G).__index = print",
                             "getmetatable(host).__index = print",
                             "getmetatable(params).__index = print",
                             "getmetatable(package 'x').__index = print",
                             "setmetatable(_G, {})",
                             "setmetatable(host, {})",
                             "params.x = 1"}) {
    EXPECT_THAT(Shown(RunFleet(source)), Not(IsEmpty())) << source;
  }
}

TEST(SandboxTest, FinalizersAreRefused) {
  EXPECT_THAT(Shown(RunFleet("setmetatable({}, { __gc = print })")), HasSubstr("__gc"));
}

TEST(SandboxTest, HandlesCannotBeForged) {
  EXPECT_THAT(Shown(RunFleet("local h = package 'x'\nlocal c = getmetatable(h)\nassert(not c)")),
              IsEmpty());
  EXPECT_THAT(Shown(RunFleet("file '/a' { after = setmetatable({}, { __index = package 'x' }) }")),
              IsEmpty());
}

TEST(SandboxTest, PairsGoInADefinedOrder) {
  EXPECT_THAT(Shown(RunFleet(R"(
    local seen = {}
    for k in pairs { b = 1, [3] = 1, a = 1, [1] = 1, [2.5] = 1, [-1] = 1, [true] = 1, [false] = 1 } do
      seen[#seen + 1] = tostring(k)
    end
    local all = table.concat(seen, " ")
    assert(all == "-1 1 2.5 3 a b false true", all)
    assert(next({}) == nil and next { z = 1, y = 2 } == "y" and next({ z = 1, y = 2 }, "y") == "z")
  )")),
              IsEmpty());
  EXPECT_THAT(Shown(RunFleet("for k in pairs { [{}] = 1 } do end")), HasSubstr("defined order"));
}

TEST(SandboxTest, RemovingWhileIteratingIsFine) {
  EXPECT_THAT(Shown(RunFleet(R"(
    local t, n = { a = 1, b = 2, c = 3 }, 0
    for k in pairs(t) do t[k] = nil; t.b = nil; n = n + 1 end
    assert(n == 2)
  )")),
              IsEmpty());
}

TEST(SandboxTest, NoAddressesAreShown) {
  EXPECT_THAT(Shown(RunFleet(R"(
    assert(tostring {} == "table" and tostring(print) == "function")
    assert(string.format("%s %s", {}, print) == "table function")
    assert(tostring(package "x") == "package:x")
    assert(not pcall(string.format, "%p", {}))
    assert(tostring(setmetatable({}, { __tostring = function() return "mine" end })) == "mine")
    assert(tostring(nil) == "nil" and tostring(1.5) == "1.5" and tostring(true) == "true")
  )")),
              IsEmpty());
}

TEST(SandboxTest, SortIsStable) {
  EXPECT_THAT(Shown(RunFleet(R"(
    local t = {}
    for i = 1, 500 do t[i] = { key = i % 7, at = i } end
    table.sort(t, function(a, b) return a.key < b.key end)
    for i = 2, 500 do
      assert(t[i - 1].key < t[i].key or (t[i - 1].key == t[i].key and t[i - 1].at < t[i].at))
    end
    local w = { "c", "a", "b" }
    table.sort(w)
    assert(table.concat(w) == "abc")
    table.sort({}) table.sort({ 1 })
    assert(not pcall(table.sort, { 1, "x" }))
  )")),
              IsEmpty());
}

TEST(SandboxTest, ProtectedCallsWork) {
  EXPECT_THAT(Shown(RunFleet(R"(
    local ok, e = pcall(error, { code = 3 })
    assert(not ok and e.code == 3)
    assert(select("#", pcall(function() return 1, nil, 3 end)) == 4)
    local ok2, m = xpcall(error, function(x) return x .. "!" end, "no")
    assert(not ok2 and m == "no!")
    local ok3, a, b = xpcall(function(...) return ... end, print, 1, 2)
    assert(ok3 and a == 1 and b == 2)
  )")),
              IsEmpty());
}

// Against what Lua's manual says of patterns.
TEST(SandboxTest, PatternsAreLuas) {
  EXPECT_THAT(Shown(RunFleet(R"lua(
    local function eq(a, b) if a ~= b then error(tostring(a) .. " ~= " .. tostring(b), 2) end end
    local function list(...) local t = { ... } for i = 1, #t do t[i] = tostring(t[i]) end return table.concat(t, "|") end
    eq(list(("hello world"):find("o w")), "5|7")
    eq(list(("hello world"):find("(o)(%s)")),
              "5|6|o| ")
    eq(list(("hello"):find("l", 1, true)), "3|3")
    eq(list(("a.b"):find(".", 2, true)), "2|2")
    eq(list(("hello"):find("")), "1|0")
    eq(list(("hello"):find("", 6)), "6|5")
    eq(("hello"):find("", 7), nil)
    eq(list(("hello"):find("l", -2)), "4|4")
    eq(list(("key = value"):match("^(%w+)%s*=%s*(%w+)$")), "key|value")
    eq(("2024-01-02"):match("%d+%-(%d+)"), "01")
    eq(("[[x]]"):match("%[%[(.-)%]%]"), "x")
    eq(("a]b"):match("[]]"), "]")
    eq(("a-b"):match("[a%-]+"), "a-")
    eq(("az-"):match("[a-]+"), "a")
    eq(("THE (quick) fox"):find("%((%a+)%)"), 5)
    eq(("f(a(b)c)d"):match("%b()"), "(a(b)c)")
    eq(("THE (quick) fox"):gsub("%f[%a]%a+", "X"), "X (X) X")
    eq(list(("hello"):match("()ll()")), "3|5")
    eq(("abab"):match("(ab)%1"), "ab")
    eq(("\0a"):match("%z?a"), "a")
    eq(list(("hello world"):gsub("o", "0")), "hell0 w0rld|2")
    eq(list(("hello"):gsub("", "-")), "-h-e-l-l-o-|6")
    eq(list(("abc"):gsub("%w", "%0%0")), "aabbcc|3")
    eq(list(("abc"):gsub("(a)(b)", "%2%1")), "bac|1")
    eq(list(("abc"):gsub("%w", { a = "1", b = true and "2" })), "12c|3")
    eq(list(("abc"):gsub("%w", function(c) return c == "b" and c:upper() or nil end)), "aBc|3")
    eq(list(("aaa"):gsub("a", "b", 2)), "bba|2")
    eq(list(("aaa"):gsub("^a", "b")), "baa|1")
    eq(list(("x = 50%"):gsub("%%", "%%%%")), "x = 50%%|1")
    eq(list(("abc"):gsub("b*", "-")), "-a-c-|3")
    local words = {}
    for w in ("one two  three"):gmatch("%a+") do words[#words + 1] = w end
    eq(table.concat(words, ","), "one,two,three")
    local pairs_ = {}
    for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do pairs_[#pairs_ + 1] = k .. v end
    eq(table.concat(pairs_), "a1b2")
    local empties = 0
    for _ in ("abc"):gmatch("") do empties = empties + 1 end
    eq(empties, 4)
    for _, bad in ipairs {
      "[a", "%", "(", ")", "%b", "%f", "(()", "%1", "[%"
    }
    do
      assert(not pcall(string.match, "x", bad), bad)
    end
    assert(not pcall(string.gsub, "x", "x", "%2"))
    assert(not pcall(string.gsub, "x", "x", "%a"))
  )lua")),
              IsEmpty());
}

TEST(SecretTest, StaysSecretWhateverIsDoneWithIt) {
  Fixture fixture({{"fleet.lua", R"(
    local s = secret "db/password"
    local joined = "pw=" .. s .. 5
    file "/a" { content = joined }
    file "/b" { content = string.format("%s;", s) }
    file "/c" { content = tostring(s) }
    print(s, joined)
    assert(s == secret "db/password" and s ~= "hunter2")
    assert(not pcall(function() return s:upper() end))
    assert(not pcall(function() return #s end))
    assert(not pcall(table.concat, { s }))
    assert(not pcall(package, s))
  )"}});
  fixture.input().secrets = {{"db/password", "hunter2"}};
  const EvaluateResult result = fixture.Run();
  EXPECT_THAT(Shown(result), IsEmpty());
  using resource::Value;
  EXPECT_EQ(*Get(result, "file:/a").attributes.Find("content"), Value::Secret("pw=hunter25"));
  EXPECT_EQ(*Get(result, "file:/b").attributes.Find("content"), Value::Secret("hunter2;"));
  EXPECT_EQ(*Get(result, "file:/c").attributes.Find("content"), Value::Secret("hunter2"));
  ASSERT_EQ(result.notes.size(), 1U);
  EXPECT_EQ(result.notes[0].message, "<secret>\t<secret>");
}

TEST(SecretTest, IsRefusedWhereItWouldBeShown) {
  for (const char* use : {"package(s)",
                          "file '/a' { doc = s }",
                          "file '/a' { tags = s }",
                          "file '/a' { only_if = { shell = s } }",
                          "file '/a' { only_if = { command = { 'x', s } } }",
                          "file '/a' { env = { [s] = 1 } }",
                          "error(s)"}) {
    Fixture fixture({{"fleet.lua", std::string("local s = secret 'x'\n") + use}});
    fixture.input().secrets = {{"x", "hunter2"}};
    const std::string shown = Shown(fixture.Run());
    EXPECT_THAT(shown, HasSubstr("fleet.lua:2")) << use;
    EXPECT_THAT(shown, Not(HasSubstr("hunter2"))) << use;
  }
}

}  // namespace
}  // namespace fettle::recipe
