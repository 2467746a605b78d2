// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/inputs_digest.h"

#include <functional>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lib/recipe/test_schemas.h"

namespace fettle::recipe {
namespace {

using resource::Value;

constexpr char kSource[] = R"(package "a")";

TEST(InputsDigestTest, TheSameForEqualInputs) {
  Fixture one({{"fleet.lua", kSource}});
  Fixture other({{"fleet.lua", kSource}});
  EXPECT_EQ(InputsDigest(one.input()), InputsDigest(other.input()));
}

TEST(InputsDigestTest, AnotherForWhateverAnEvaluationCanSee) {
  const std::vector<std::function<void(Fixture&)>> changes = {
      [](Fixture&) {},
      [](Fixture& at) { at.Add("data/a.yaml", ""); },
      [](Fixture& at) { at.Add("data/b.yaml", ""); },
      [](Fixture& at) { at.Add("data/b.yaml", "1"); },
      [](Fixture& at) { at.input().host = "web2"; },
      [](Fixture& at) { at.input().facts["fqdn"] = "web2.example.org"; },
      [](Fixture& at) { at.input().facts["uptime"] = 1; },
      [](Fixture& at) { at.input().facts["uptime"] = "1"; },
      [](Fixture& at) { at.input().facts["uptime"] = true; },
      [](Fixture& at) {
        at.input().facts["cpu"] = Value::Map{{"count", 4}};
      },
      [](Fixture& at) { at.input().labels["role"] = "db"; },
      [](Fixture& at) { at.input().labels["site"] = ""; },
      [](Fixture& at) { at.input().secrets["site"] = ""; },
      [](Fixture& at) { at.input().secrets["site"] = "x"; },
      [](Fixture& at) { at.input().fleet.emplace(); },
      [](Fixture& at) {
        at.input().fleet = {FleetHost{"db1", {}, {}}};
      },
      [](Fixture& at) {
        at.input().fleet = {FleetHost{"db1", {{"role", "db"}}, {}}};
      },
      [](Fixture& at) {
        at.input().fleet = {FleetHost{"db1", {}, {{"n", 1}}}};
      },
      [](Fixture& at) { at.input().recipe = "a"; },
      [](Fixture& at) { at.input().params["port"] = 1; },
      [](Fixture& at) { at.input().limits.resources = 5; },
      [](Fixture& at) { at.input().limits.memory_bytes = 5; },
      [](Fixture& at) { at.input().limits.catalog_bytes = 5; },
      [](Fixture& at) { at.input().limits.instructions = 5; },
      [](Fixture& at) { at.input().limits.wall = absl::Seconds(5); },
      [](Fixture& at) { at.input().limits.includes = 5; },
      [](Fixture& at) { at.input().limits.problems = 5; },
  };
  std::set<Digest> seen;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Fixture fixture({{"fleet.lua", kSource}});
    changes[i](fixture);
    EXPECT_TRUE(seen.insert(InputsDigest(fixture.input())).second) << "change " << i;
  }
  Fixture other({{"fleet.lua", "package \"b\""}});
  EXPECT_TRUE(seen.insert(InputsDigest(other.input())).second);
}

TEST(InputsDigestTest, AnotherForAFileThatCanBeExecuted) {
  policy::Tree plain;
  policy::Tree executable;
  ASSERT_TRUE(plain.Add("fleet.lua", kSource).ok());
  ASSERT_TRUE(executable.Add("fleet.lua", kSource, true).ok());
  EvaluateInput input;
  input.tree = &plain;
  const Digest before = InputsDigest(input);
  input.tree = &executable;
  EXPECT_NE(InputsDigest(input), before);
}

}  // namespace
}  // namespace fettle::recipe
