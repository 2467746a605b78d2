// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/evaluate.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/recipe/test_schemas.h"

namespace fettle::recipe {
namespace {

using resource::Guard;
using resource::Relation;
using resource::RelationKind;
using resource::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(EvaluateTest, DeclaresInTheOrderWritten) {
  const EvaluateResult result = RunFleet(R"(
    package "b" { version = "1" }
    package "a"
    file("/etc/x/../motd") { content = "hi", mode = "644" }
  )");
  EXPECT_THAT(Shown(result), IsEmpty());
  EXPECT_THAT(Ids(result), ElementsAre("package:b", "package:a", "file:/etc/motd"));
  EXPECT_EQ(Get(result, "file:/etc/motd").attributes.String("content", ""), "hi");
  EXPECT_EQ(Get(result, "file:/etc/motd").attributes.String("mode", ""), "0644");
  EXPECT_EQ(Get(result, "file:/etc/motd").position.Display(), "fleet.lua:4");
  EXPECT_EQ(result.catalog.host, "web1");
}

TEST(EvaluateTest, RelationsPointToWhatComesBefore) {
  const EvaluateResult result = RunFleet(R"(
    local nginx = package "nginx"
    file "/etc/nginx.conf" { after = nginx, reload_on_change = "nginx", before = "exec:x" }
    service "nginx" { restart_on = { nginx }, requires = "package:nginx" }
    exec "x" { command = "true" }
    exec "y" { command = "true", notify = "service:nginx.service" }
  )");
  EXPECT_THAT(Shown(result), IsEmpty());
  EXPECT_THAT(Get(result, "file:/etc/nginx.conf").relations,
              ElementsAre(Relation{RelationKind::kAfter, 0}));
  EXPECT_THAT(Get(result, "service:nginx").relations,
              ElementsAre(Relation{RelationKind::kRequires, 0},
                          Relation{RelationKind::kRestart, 0},
                          Relation{RelationKind::kReload, 1},
                          Relation{RelationKind::kRestart, 4}));
  EXPECT_THAT(Get(result, "exec:x").relations, ElementsAre(Relation{RelationKind::kAfter, 1}));
}

TEST(EvaluateTest, TakesWhatEveryResourceHas) {
  const EvaluateResult result = RunFleet(R"(
    file "/a" {
      enforce = false, sensitive = true, control = "CIS-1", tags = { "b", "a" },
      timeout = "90s", retries = 2, doc = "why", confirm = "2m",
      only_if = { file_exists = "/x//y", package = "p" },
      unless = { { unit_active = "u" }, { command = "test -e /z" }, { shell = "a && b" } },
    }
  )");
  EXPECT_THAT(Shown(result), IsEmpty());
  const resource::Declaration file = Get(result, "file:/a");
  EXPECT_FALSE(file.enforce);
  EXPECT_TRUE(file.sensitive);
  EXPECT_THAT(file.controls, ElementsAre("CIS-1"));
  EXPECT_THAT(file.tags, ElementsAre("a", "b"));
  EXPECT_EQ(file.timeout, absl::Seconds(90));
  EXPECT_EQ(file.retries, 2);
  EXPECT_EQ(file.confirm, absl::Minutes(2));
  EXPECT_EQ(file.doc, "why");
  EXPECT_THAT(file.guards,
              ElementsAre(Guard{Guard::Test::kFileExists, {"/x/y"}, false},
                          Guard{Guard::Test::kPackageInstalled, {"p"}, false},
                          Guard{Guard::Test::kUnitActive, {"u"}, true},
                          Guard{Guard::Test::kCommandSucceeds, {"test", "-e", "/z"}, true},
                          Guard{Guard::Test::kCommandSucceeds, {"/bin/sh", "-c", "a && b"}, true}));
}

TEST(EvaluateTest, AFalseConditionDisables) {
  const EvaluateResult result = RunFleet(R"(
    file "/a" { only_if = false }
    file "/b" { unless = true }
    file "/c" { only_if = true, unless = false }
  )");
  const auto never = ElementsAre(Guard{Guard::Test::kNever, {}, false});
  EXPECT_THAT(Get(result, "file:/a").guards, never);
  EXPECT_THAT(Get(result, "file:/b").guards, never);
  EXPECT_THAT(Get(result, "file:/c").guards, IsEmpty());
}

TEST(EvaluateTest, ANilConditionIsAnError) {
  const EvaluateResult result = RunFleet(R"(
    file "/a" { only_if = host.facts.nothing }
    file "/b" { mode = "0644",
                unless = host.labels.nothing, }
    local only_if = 1
    file "/c" { content = "only_if = nil" }
  )");
  EXPECT_THAT(Shown(result), HasSubstr("fleet.lua:2: file \"/a\": only_if or unless is nil"));
  EXPECT_THAT(Shown(result), HasSubstr("fleet.lua:3: file \"/b\": only_if or unless is nil"));
  EXPECT_EQ(result.problems.size(), 2U);
}

TEST(EvaluateTest, HostTellsFactsAndLabels) {
  const EvaluateResult result = RunFleet(R"(
    file("/" .. host.name) { content = host.facts.fqdn .. host.labels.role, size = host.facts.cpu.count }
    host.facts.fqdn = "mine"
  )");
  EXPECT_THAT(Shown(result), IsEmpty());
  EXPECT_EQ(Get(result, "file:/web1").attributes.String("content", ""), "web1.example.orgweb");
  EXPECT_EQ(Get(result, "file:/web1").attributes.Integer("size", 0), 2);
}

TEST(EvaluateTest, HostEnforceFalseMakesAllAudit) {
  const EvaluateResult result = RunFleet("file '/a'\nhost.enforce = false\n");
  EXPECT_FALSE(result.catalog.enforce);
  EXPECT_FALSE(Get(result, "file:/a").enforce);
}

TEST(EvaluateTest, SaysTheSameTwiceIsOnce) {
  const EvaluateResult result = RunFleet(R"(
    package "curl" { control = "A" }
    package "curl" { control = "B", enforce = false }
    local c = package "curl"
    file "/a" { after = c }
  )");
  EXPECT_THAT(Shown(result), IsEmpty());
  EXPECT_THAT(Ids(result), ElementsAre("package:curl", "file:/a"));
  EXPECT_THAT(Get(result, "package:curl").controls, ElementsAre("A", "B"));
  EXPECT_FALSE(Get(result, "package:curl").enforce);
  EXPECT_THAT(Get(result, "file:/a").relations, ElementsAre(Relation{RelationKind::kAfter, 0}));
}

TEST(EvaluateTest, SayingItDifferentlyTwiceNamesBothPlaces) {
  const EvaluateResult result =
      RunFleet("file '/a' { mode = '0644' }\nfile '//a' { mode = '0600' }");
  EXPECT_THAT(Shown(result), HasSubstr("fleet.lua:2: file \"/a\" is also declared at fleet.lua:1"));
  EXPECT_THAT(Shown(result), HasSubstr("mode is 0644 there and 0600 here"));
}

TEST(EvaluateTest, GroupsAreOneUnit) {
  const EvaluateResult result = RunFleet(R"(
    file "/before"
    group "web" { on_failure = "rollback", function()
      file "/in"
      package "p"
    end }
    group "www" { gid = 33 }
    group "plain"
  )");
  EXPECT_THAT(Shown(result), IsEmpty());
  ASSERT_EQ(result.catalog.groups.size(), 1U);
  EXPECT_EQ(result.catalog.groups[0].name, "web");
  EXPECT_TRUE(result.catalog.groups[0].rollback_on_failure);
  EXPECT_EQ(Get(result, "file:/before").group, -1);
  EXPECT_EQ(Get(result, "file:/in").group, 0);
  EXPECT_EQ(Get(result, "group:www").attributes.Integer("gid", 0), 33);
  EXPECT_EQ(Get(result, "group:plain").group, -1);
}

TEST(EvaluateTest, SourceIsTheDigestOfAFileOfTheRecipe) {
  const Fixture fixture({{"fleet.lua", "include 'a'"},
                         {"recipes/a/init.lua", "file '/x' { source = 'motd' }"},
                         {"recipes/a/files/motd", "hello"}});
  EXPECT_EQ(Get(fixture.Run(), "file:/x").attributes.String("source", ""),
            "sha256:" + Sha256("hello").Hex());
}

TEST(EvaluateTest, AMissingSourceNamesOnesLikeIt) {
  const Fixture fixture({{"fleet.lua", "include 'a'"},
                         {"recipes/a.lua", "\nfile '/x' { source = 'mtd' }"},
                         {"recipes/a/files/motd", "hello"}});
  EXPECT_THAT(Shown(fixture.Run()),
              HasSubstr("recipes/a.lua:2 (included from fleet.lua:1): file \"/x\": there is no "
                        "recipes/a/files/mtd; did you mean \"motd\"?"));
}

TEST(EvaluateTest, APurgedDirectoryKeepsWhatOthersOwn) {
  const EvaluateResult result = RunFleet(R"(
    directory "/etc/d" { purge = true, keep = "mine" }
    file "/etc/d/a"
    file "/etc/d/sub/b"
    file "/etc/dd/c"
    directory "/etc/e"
  )");
  EXPECT_THAT(Get(result, "directory:/etc/d").attributes.StringList("keep"),
              ElementsAre("a", "mine", "sub/b"));
  EXPECT_FALSE(Get(result, "directory:/etc/e").attributes.Has("keep"));
}

TEST(EvaluateTest, ADirectoryLeavesAllBelowToOneThatRulesThere) {
  const EvaluateResult result = RunFleet(R"(
    directory "/etc/d" { purge = true }
    directory "/etc/d/plain" {}
    directory "/etc/d/sub/own" { purge = true }
    file "/etc/d/sub/own/a"
  )");
  EXPECT_THAT(Get(result, "directory:/etc/d").attributes.StringList("keep"),
              ElementsAre("plain", "sub/own/", "sub/own/a"));
  EXPECT_THAT(Get(result, "directory:/etc/d/sub/own").attributes.StringList("keep"),
              ElementsAre("a"));
}

TEST(EvaluateTest, PrintGoesToTheNotes) {
  const EvaluateResult result = RunFleet("print('a', 1, {})\nprint(host.name)");
  ASSERT_EQ(result.notes.size(), 2U);
  EXPECT_EQ(result.notes[0].Display(), "fleet.lua:1: a\t1\ttable");
  EXPECT_EQ(result.notes[1].message, "web1");
}

TEST(EvaluateTest, FleetHostsMatchByLabelAndAreRemembered) {
  Fixture fixture({{"fleet.lua",
                    "for _, h in ipairs(fleet.hosts { role = 'db' }) do\n"
                    "  file('/' .. h.name) { content = h.facts.ip }\nend"}});
  EXPECT_THAT(Shown(fixture.Run()), HasSubstr("not available here"));
  fixture.input().fleet = {{"db2", {{"role", "db"}}, {{"ip", "2"}}},
                           {"web", {{"role", "web"}}, {}},
                           {"db1", {{"role", "db"}}, {{"ip", "1"}}}};
  const EvaluateResult result = fixture.Run();
  EXPECT_THAT(Ids(result), ElementsAre("file:/db1", "file:/db2"));
  EXPECT_THAT(result.fleet_queries, ElementsAre(ElementsAre(std::pair("role", "db"))));
}

TEST(EvaluateTest, EqualInputsGiveEqualBytes) {
  const Fixture fixture({{"fleet.lua", R"(
    local t = {}
    for i = 1, 300 do t["k" .. (i * 7919 % 1009)] = i end
    for k, v in pairs(t) do file("/" .. k) { size = v, env = t, content = tostring(t) } end
    table.sort(t)
    package(tostring(print)) {}
  )"}});
  const std::string first = EncodeCatalog(fixture.Run().catalog);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(EncodeCatalog(fixture.Run().catalog), first);
  }
}

TEST(EvaluateTest, ARecipeCanBeEvaluatedAlone) {
  Fixture fixture(
      {{"recipes/a.lua", "param 'n' { type = 'integer' }\nfile '/x' { size = params.n }"}});
  EXPECT_THAT(Shown(fixture.Run()), HasSubstr("no fleet.lua"));
  fixture.input().recipe = "a";
  fixture.input().params = {{"n", 3}};
  EXPECT_EQ(Get(fixture.Run(), "file:/x").attributes.Integer("size", 0), 3);
}

}  // namespace
}  // namespace fettle::recipe
