// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/interests.h"

#include <gmock/gmock.h>

#include "modules/schemas.h"

namespace fettle::watch {
namespace {

using resource::Value;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

Interests Of(const std::string& type, const std::string& name, const Value::Map& attributes = {}) {
  resource::Declaration declaration;
  declaration.type = type;
  declaration.name = name;
  for (const auto& [key, value] : attributes) {
    declaration.attributes.Set(key, value);
  }
  return InterestsOf(declaration, *FindSchema(type));
}

TEST(InterestsTest, AFileHangsOnItsPath) {
  const Interests file = Of("file", "/etc/motd", {{"content", Value("a")}});
  EXPECT_EQ(file.id, "file:/etc/motd");
  EXPECT_THAT(file.paths, ElementsAre("/etc/motd"));
  EXPECT_FALSE(file.accounts);
  EXPECT_FALSE(file.poll);
  EXPECT_EQ(file.why, "");
}

TEST(InterestsTest, AFileOfANamedOwnerHangsOnTheAccountsToo) {
  EXPECT_TRUE(Of("file", "/a", {{"owner", Value("deploy")}}).accounts);
  EXPECT_FALSE(Of("file", "/a", {{"owner", Value("root")}}).accounts);
}

TEST(InterestsTest, EachTypeHangsOnWhereItIsKept) {
  EXPECT_THAT(Of("reboot", "x", {}).paths, ElementsAre("/run/reboot-required"));
  EXPECT_TRUE(Of("reboot", "x", {}).packages);
  EXPECT_THAT(Of("line", "PermitRootLogin", {{"path", Value("/etc/ssh/sshd_config")}}).paths,
              ElementsAre("/etc/ssh/sshd_config"));
  EXPECT_THAT(Of("link", "/etc/localtime", {{"target", Value("x")}}).paths,
              ElementsAre("/etc/localtime"));
  EXPECT_THAT(Of("sysctl", "net.ipv4.ip_forward", {{"value", Value("1")}}).paths,
              Contains("/proc/sys/net/ipv4/ip_forward"));
  EXPECT_THAT(Of("service", "cron.service").units, ElementsAre("cron.service"));
  EXPECT_TRUE(Of("package", "nginx").packages);
  EXPECT_TRUE(Of("user", "ann").accounts);
  EXPECT_TRUE(Of("group", "ops").accounts);
  EXPECT_THAT(Of("cron", "job").paths, Not(IsEmpty()));
}

TEST(InterestsTest, StepsAndChecksAreSweptAndSaySo) {
  const Interests step = Of("exec", "make", {{"command", Value("true")}});
  EXPECT_FALSE(step.watched());
  EXPECT_NE(step.why, "");
  EXPECT_FALSE(Of("check", "disk").watched());
}

TEST(InterestsTest, ATreeIsPolled) {
  const Interests tree = Of("directory", "/srv/app", {{"recurse", Value(true)}});
  EXPECT_TRUE(tree.poll);
  EXPECT_THAT(tree.paths, ElementsAre("/srv/app"));
}

TEST(TouchMapTest, AnEventTouchesThoseThatHangOnItAlone) {
  std::vector<Interests> all(6);
  all[0].paths = {"/etc/a"};
  all[1].paths = {"/etc/a", "/etc/b"};
  all[2].packages = true;
  all[3].units = {"cron.service"};
  all[4].accounts = true;
  all[5].mounts = true;
  const TouchMap map(all);
  const auto of_path = [&](const std::string& path) {
    for (std::size_t i = 0; i < map.paths().size(); ++i) {
      if (map.paths()[i] == path) {
        return map.OfPath(i);
      }
    }
    return TouchMap::Indices();
  };
  EXPECT_THAT(of_path("/etc/a"), ElementsAre(0, 1));
  EXPECT_THAT(of_path("/etc/b"), ElementsAre(1));
  EXPECT_THAT(of_path(kPackageDatabase), ElementsAre(2));
  EXPECT_THAT(of_path("/etc/shadow"), ElementsAre(4));
  EXPECT_THAT(of_path("/etc/c"), IsEmpty());
  EXPECT_THAT(map.OfUnit("cron.service"), ElementsAre(3));
  EXPECT_THAT(map.OfUnit("other.service"), IsEmpty());
  EXPECT_THAT(map.OfUnit(""), ElementsAre(3));
  EXPECT_THAT(map.mounts(), ElementsAre(5));
}

}  // namespace
}  // namespace fettle::watch
