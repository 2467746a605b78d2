// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/recipe/layers.h"
#include "lib/recipe/test_schemas.h"
#include "tests/support/status_matchers.h"

namespace fettle::recipe {
namespace {

using ::fettle::testing::IsOkAndHolds;
using ::fettle::testing::StatusIs;
using resource::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(LayersTest, GoFromTheGeneralToTheParticular) {
  Fixture fixture({{"data/host/web1.yaml", ""},
                   {"data/common.json", ""},
                   {"data/common/more.yml", ""},
                   {"data/common/deep/no.yml", ""},
                   {"data/label/role/web.lua", ""},
                   {"data/label/role/db.lua", ""},
                   {"data/os/debian.yaml", ""},
                   {"data/os/debian-12.yaml", ""},
                   {"data/os/debian-11.yaml", ""},
                   {"data/common.txt", ""}});
  EXPECT_THAT(DataLayers(fixture.input()),
              ElementsAre("data/common.json",
                          "data/common/more.yml",
                          "data/os/debian.yaml",
                          "data/os/debian-12.yaml",
                          "data/label/role/web.lua",
                          "data/host/web1.yaml"));
}

TEST(LayersTest, AFactLeadsNowhereElse) {
  Fixture fixture({{"data/host/secret.yaml", "a: 1"}});
  fixture.input().facts = {{"os", Value::Map{{"id", "../host/secret"}, {"version", "12"}}}};
  fixture.input().host = "x/../secret";
  EXPECT_THAT(DataLayers(fixture.input()), IsEmpty());
}

TEST(DataTest, MergesTablesAndReplacesTheRest) {
  const Fixture fixture(
      {{"fleet.lua", R"(
      local web = data "web"
      file "/x" { env = { port = web.port, tls = web.tls.on, user = data "web.user" } }
      assert(#web.sites == 1 and web.sites[1] == "c")
      assert(data("none", 7) == 7 and data("none", nil) == nil)
      web.port = 1
      assert(data("web").port == 8080)
      assert(data("dotted.key") == "whole")
    )"},
       {"data/common.yaml",
        "web:\n  port: 80\n  user: www\n  sites: [a, b]\n  tls: {on: false}\n"
        "dotted.key: whole\n"},
       {"data/label/role/web.json", R"({"web": {"port": 8080, "sites": ["c"]}})"},
       {"data/host/web1.lua", "return { web = { tls = { on = host.labels.role == 'web' } } }"}});
  const EvaluateResult result = fixture.Run();
  EXPECT_THAT(Shown(result), IsEmpty());
  const resource::Declaration file = Get(result, "file:/x");
  EXPECT_EQ(file.attributes.Find("env")->Display(), "{port = 8080, tls = true, user = www}");
}

TEST(DataTest, WrongFilesAreNamed) {
  const std::pair<std::string, std::string> kCases[] = {
      {"data/common.json", "{\"a\": "},
      {"data/common.json", "{\"a\": 1.5}"},
      {"data/common.json", "[1]"},
      {"data/common.yaml", "a: [1"},
      {"data/common.yaml", "a: 1\na: 2"},
      {"data/common.lua", "return { a = print }"},
      {"data/common.lua", "return {"},
      {"data/common.lua", "file '/x' return {}"},
      {"data/common.lua", "return data 'a'"},
      {"data/common.lua", "return 5"},
  };
  for (const auto& [path, content] : kCases) {
    const Fixture fixture({{"fleet.lua", "data('a', 1)"}, {path, content}});
    EXPECT_THAT(Shown(fixture.Run()), HasSubstr(path)) << content;
  }
}

TEST(DataTest, UnknownKeysNameOnesLikeThem) {
  const Fixture fixture({{"fleet.lua", "data 'wbe'"}, {"data/common.yaml", "web: 1"}});
  EXPECT_THAT(Shown(fixture.Run()),
              HasSubstr("no data \"wbe\" for this host; did you mean \"web\"?"));
}

TEST(YamlTest, KeepsWhatIsNoPlainNumberAsText) {
  const auto value =
      ParseYaml("a: 0644\nb: 1.10\nc: yes\nd: true\ne: ~\nf: '5'\ng: -3\nh: 2026-11-22");
  ASSERT_THAT(value, ::fettle::testing::IsOk());
  EXPECT_EQ(*value,
            Value(Value::Map{{"a", "0644"},
                             {"b", "1.10"},
                             {"c", "yes"},
                             {"d", true},
                             {"e", Value()},
                             {"f", "5"},
                             {"g", -3},
                             {"h", "2026-11-22"}}));
}

TEST(YamlTest, BoundsDepthAndAliases) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) {
      bomb += (j == 0 ? "" : ", ") + before;
    }
    bomb += "]\n";
  }
  EXPECT_THAT(ParseYaml(bomb), StatusIs(kInvalid, HasSubstr("aliases")));
  EXPECT_THAT(ParseYaml(std::string(200, '[') + std::string(200, ']')), StatusIs(kInvalid));
}

TEST(JsonTest, ReadsWholeNumbersOnly) {
  EXPECT_THAT(ParseJson(R"({"a": [1, true, null, "x"]})"),
              IsOkAndHolds(Value(Value::Map{{"a", Value::List{1, true, Value(), "x"}}})));
  EXPECT_THAT(ParseJson("1.0"), StatusIs(kInvalid, HasSubstr("not a whole number")));
  EXPECT_THAT(ParseJson("18446744073709551615"), StatusIs(kInvalid, HasSubstr("too large")));
  EXPECT_THAT(ParseJson(std::string(100000, '[')), StatusIs(kInvalid));
}

}  // namespace
}  // namespace fettle::recipe
