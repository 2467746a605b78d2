// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle::recipe {
namespace {

using resource::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using State = RuleVerdict::State;

Rules Read(const std::map<std::string, std::string>& files) {
  policy::Tree tree;
  for (const auto& [path, content] : files) {
    EXPECT_OK(tree.Add(path, content));
  }
  return Rules::Read(tree);
}

Value Host(const std::string& name, const std::string& os) {
  return Value::Map{{"name", name},
                    {"facts", Value::Map{{"os", Value::Map{{"id", os}, {"major", 12}}}}}};
}

// Of one rule whose check has this body.
RuleVerdict Checked(const std::string& body, const Limits& limits = RuleRun::DefaultLimits()) {
  const Rules rules =
      Read({{"rules/a.lua", "rule 'a' { check = function(host)\n" + body + "\nend }"}});
  EXPECT_THAT(rules.problems(), IsEmpty());
  RuleRun run(rules, limits);
  return run.Check(0, Host("web1", "debian"));
}

TEST(Rules, SayWhatTheyDeclareAndWhere) {
  const Rules rules = Read({{"rules/os.lua", R"(
local function old(host) return host.facts.os.major < 12 end

rule "no-unsupported-os" {
  title = "Only releases that are supported",
  control = { "CIS-1.9", "OWN-3" },
  when = 'os.id == debian',
  check = function(host) return not old(host), "too old" end,
}
)"},
                            {"rules/db.lua", R"(
rule "two-databases" { collect = function(host) return 1 end, check = function(all) return true end }
)"},
                            {"recipes/a.lua", "this is no rule"}});
  EXPECT_THAT(rules.problems(), IsEmpty());
  ASSERT_THAT(rules.all(), SizeIs(2));
  EXPECT_EQ(rules.all()[0],
            (Rule{"two-databases", "", {"two-databases"}, "", true, "rules/db.lua:2"}));
  EXPECT_EQ(rules.all()[1],
            (Rule{"no-unsupported-os",
                  "Only releases that are supported",
                  {"CIS-1.9", "OWN-3"},
                  "os.id == debian",
                  false,
                  "rules/os.lua:4"}));
}

TEST(Rules, WhatIsWrongIsSaidWithItsPlaceAndTheOthersStand) {
  const Rules rules =
      Read({{"rules/a.lua", "rule 'a' {"},
            {"rules/b.lua", "\nrule 'b' { chek = function() end }"},
            {"rules/c.lua", "rule 'c' { title = 'x' }"},
            {"rules/d.lua", "rule 'd d' { check = function() end }"},
            {"rules/e.lua", "rule 'e' { check = function() end }"},
            {"rules/f.lua", "rule 'f' { check = function() end }\nrule 'e' { check = print }"},
            {"rules/g.lua", "rule 'g' { check = 5 }"},
            {"rules/h.lua", "file '/etc/motd' {}"},
            {"rules/i.lua", "rule 'i' 'x'"},
            {"rules/j.lua", "rule 'j' { control = { 5 }, check = function() end }"}});
  ASSERT_THAT(rules.all(), SizeIs(1));
  EXPECT_EQ(rules.all()[0].name, "e");
  EXPECT_THAT(
      rules.problems(),
      ElementsAre(HasSubstr("rules/a.lua:1"),
                  HasSubstr("rules/b.lua:2: a rule has no \"chek\"; did you mean \"check\"?"),
                  HasSubstr("rules/c.lua:1: rule \"c\" has no function `check`"),
                  HasSubstr("rules/d.lua:1: \"d d\" is no name of a rule"),
                  HasSubstr("rules/f.lua:2: undefined variable \"print\""),
                  HasSubstr("rules/g.lua:1: check is to be a function, not a number"),
                  HasSubstr("rules/h.lua:1: undefined variable \"file\""),
                  HasSubstr("rules/i.lua:1: rule \"i\" is to be followed by a table"),
                  HasSubstr("rules/j.lua:1: each control is to be a text")));
}

TEST(Rules, TwoOfOneNameAreRefused) {
  const Rules rules = Read({{"rules/a.lua", "rule 'a' { check = function() end }"},
                            {"rules/b.lua", "rule 'a' { check = function() end }"}});
  EXPECT_THAT(rules.problems(),
              ElementsAre("rules/b.lua:1: rule \"a\" is also declared at rules/a.lua:1"));
}

TEST(Rules, AFileThatNeverEndsIsAProblem) {
  const Rules rules = Read({{"rules/a.lua", "while true do end"}});
  EXPECT_THAT(rules.problems(), ElementsAre(HasSubstr("endless loop")));
}

TEST(RuleRun, TrueFalseAndNilAreVerdicts) {
  EXPECT_EQ(Checked("return host.facts.os.id == 'debian'").state, State::kHolds);
  EXPECT_EQ(Checked("return false, host.name .. ' is off'"),
            (RuleVerdict{State::kBroken, "web1 is off"}));
  EXPECT_EQ(Checked("return false"), (RuleVerdict{State::kBroken, "the rule does not hold"}));
  EXPECT_EQ(Checked("").state, State::kNotApplicable);
}

TEST(RuleRun, WhatARuleSaysIsOneLine) {
  EXPECT_EQ(Checked("return false, 'a\\nb'").message, "a b");
  EXPECT_LE(Checked("return false, ('x'):rep(100000)").message.size(), 1000U);
}

TEST(RuleRun, AnErrorIsUnknownWithItsPlace) {
  EXPECT_THAT(Checked("return host.facts.kernel.major > 5").message, HasSubstr("rules/a.lua:2: "));
  EXPECT_EQ(Checked("return host.facts.kernel.major > 5").state, State::kUnknown);
  EXPECT_THAT(Checked("return 'yes'").message, HasSubstr("check answered a text"));
  EXPECT_EQ(Checked("error({})").state, State::kUnknown);
  EXPECT_EQ(Checked("return os.execute('true')").state, State::kUnknown);
}

TEST(RuleRun, LimitsEndOneRuleAndNoOther) {
  const Rules rules = Read({{"rules/a.lua", R"(
rule "loops" { check = function() while true do pcall(error) end end }
rule "grows" { check = function() local t = {} while true do t[#t + 1] = ("x"):rep(100000) end end }
rule "repeats" { check = function() return #("x"):rep(1 << 40) end }
rule "good" { check = function(host) return host.name == "web1" end }
)"}});
  ASSERT_THAT(rules.problems(), IsEmpty());
  Limits limits = RuleRun::DefaultLimits();
  limits.wall = absl::Milliseconds(200);
  limits.memory_bytes = 8U << 20;
  RuleRun run(rules, limits);
  const Value host = Host("web1", "debian");
  for (int round = 0; round < 5; ++round) {
    EXPECT_THAT(run.Check(0, host).message, HasSubstr("endless loop"));
    EXPECT_EQ(run.Check(1, host).state, State::kUnknown);
    EXPECT_EQ(run.Check(2, host).state, State::kUnknown);
    EXPECT_EQ(run.Check(3, host).state, State::kHolds);
  }
}

TEST(RuleRun, EachHostHasTheLimitsForItself) {
  const Rules rules = Read({{"rules/a.lua", R"(
rule "busy" { check = function() for i = 1, 100000 do end return true end }
)"}});
  Limits limits = RuleRun::DefaultLimits();
  limits.instructions = 500'000;
  RuleRun run(rules, limits);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(run.Check(0, Host("web1", "debian")).state, State::kHolds) << i;
  }
}

TEST(RuleRun, AHostThatIsTooLargeIsUnknown) {
  const Rules rules = Read({{"rules/a.lua", "rule 'a' { check = function() return true end }"}});
  Limits limits = RuleRun::DefaultLimits();
  limits.memory_bytes = 512U << 10;
  RuleRun run(rules, limits);
  EXPECT_EQ(run.Check(0, Host(std::string(1 << 20, 'x'), "debian")).state, State::kUnknown);
  EXPECT_EQ(run.Check(0, Host("web1", "debian")).state, State::kHolds);
}

TEST(RuleRun, ARuleOfTheFleetNamesHostsOrSpeaksOfAll) {
  const Rules rules = Read({{"rules/a.lua", R"(
rule "one-system" {
  collect = function(host) return host.facts.os.id end,
  check = function(systems)
    local off = {}
    for host, os in pairs(systems) do
      if os ~= "debian" then off[host] = "runs " .. os end
    end
    return off
  end,
}
rule "enough" {
  collect = function(host) return { os = host.facts.os.id } end,
  check = function(all)
    local n = 0
    for _ in pairs(all) do n = n + 1 end
    return n >= 3, "only " .. n .. " of 3 hosts"
  end,
}
rule "nonsense" { collect = function() return 1 end, check = function() return { nowhere = "x" } end }
rule "cannot" { collect = function() return pairs end, check = function() return true end }
)"}});
  ASSERT_THAT(rules.problems(), IsEmpty());
  RuleRun run(rules);
  const std::vector<Value> hosts = {Host("a", "debian"), Host("b", "alpine")};
  std::map<std::string, Value> collected;
  for (const Value& host : hosts) {
    ASSERT_OK_AND_ASSIGN(collected[host.AsMap().at("name").AsString()], run.Collect(0, host));
  }
  const FleetVerdict systems = run.Conclude(0, collected);
  EXPECT_EQ(systems.all.state, State::kHolds);
  EXPECT_THAT(systems.broken, ElementsAre(Pair("b", "runs alpine")));
  EXPECT_EQ(run.Conclude(1, collected).all, (RuleVerdict{State::kBroken, "only 2 of 3 hosts"}));
  EXPECT_THAT(run.Conclude(2, collected).all.message, HasSubstr("rules/a.lua:"));
  EXPECT_EQ(run.Conclude(2, collected).all.state, State::kUnknown);
  EXPECT_THAT(run.Collect(3, hosts[0]).status().message(), HasSubstr("collect answered"));
}

}  // namespace
}  // namespace fettle::recipe
