// SPDX-License-Identifier: Apache-2.0
#include "modules/sysctl/sysctl.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modules/sysctl/settings.h"
#include "tests/support/declared.h"
#include "tests/support/fake_host.h"
#include "tests/support/status_matchers.h"

namespace fettle::modules {
namespace {

using resource::Value;
using ::testing::AllOf;
using testing::BringAbout;
using testing::DeclarationErrors;
using testing::Declare;
using testing::Differences;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::StatusIs;

constexpr const char* kFile = "/etc/sysctl.d/99-fettle-vm.swappiness.conf";

class SysctlTest : public ::testing::Test {
 protected:
  SysctlTest() {
    host_.disk().PutDirectory("/etc/sysctl.d");
    host_.sysctls().AddKey("vm.swappiness", "60");
  }

  std::unique_ptr<resource::Resource> Sysctl(const Value::Map& declared,
                                             const std::string& key = "vm.swappiness") {
    return Declare(SysctlType(), key, declared);
  }

  std::string Live(const std::string& key = "vm.swappiness") {
    return host_.sysctls().Sysctl(key).value();
  }

  testing::FakeHost host_;
};

TEST_F(SysctlTest, SetsTheLiveValueAndKeepsItOverABoot) {
  const auto swappiness = Sysctl({{"value", 10}});
  EXPECT_THAT(Differences(*swappiness, host_),
              ElementsAre("value: 60 -> 10", "persist: (absent) -> 10"));
  EXPECT_OK(BringAbout(*swappiness, host_));
  EXPECT_EQ(Live(), "10");
  host_.Reboot();
  EXPECT_EQ(Live(), "10");
}

TEST_F(SysctlTest, SetsOnlyWhatIsAskedFor) {
  EXPECT_OK(BringAbout(*Sysctl({{"value", "10"}, {"persist", false}}), host_));
  EXPECT_EQ(Live(), "10");
  EXPECT_FALSE(host_.disk().Exists(kFile));
  EXPECT_OK(BringAbout(*Sysctl({{"value", "20"}, {"runtime", false}}), host_));
  EXPECT_EQ(Live(), "10");
  EXPECT_TRUE(host_.disk().Exists(kFile));
}

TEST_F(SysctlTest, SeesLiveAndKeptValueApart) {
  const auto swappiness = Sysctl({{"value", "10"}});
  ASSERT_OK(BringAbout(*swappiness, host_));
  host_.sysctls().SetLive("vm.swappiness", "70");
  EXPECT_THAT(Differences(*swappiness, host_), ElementsAre("value: 70 -> 10"));
  ASSERT_OK(BringAbout(*swappiness, host_));
  host_.disk().PutFile(kFile, "vm.swappiness = 30\n");
  EXPECT_THAT(Differences(*swappiness, host_), ElementsAre("persist: 30 -> 10"));
  host_.disk().PutFile(kFile, "# emptied\n");
  EXPECT_THAT(Differences(*swappiness, host_), ElementsAre("persist:  -> 10"));
  ASSERT_OK(BringAbout(*swappiness, host_));
}

TEST_F(SysctlTest, ComparesAsTheKernelSaysItBack) {
  host_.sysctls().AddKey("net.ipv4.tcp_rmem", "4096\t87380\t6291456");
  EXPECT_OK(BringAbout(*Sysctl({{"value", " 4096  87380\t6291456 "}}, "net.ipv4.tcp_rmem"), host_));
  EXPECT_EQ(host_.calls().CountMatching("SetSysctl"), 0U);
}

TEST_F(SysctlTest, TakesAMissingKeyForADifferenceAndThenForAnError) {
  const auto missing = Sysctl({{"value", 1}}, "net.bridge.x");
  EXPECT_THAT(Differences(*missing, host_),
              ElementsAre("value: (absent) -> 1", "persist: (absent) -> 1"));
  EXPECT_THAT(BringAbout(*missing, host_),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("net.bridge.x"), HasSubstr("load the module"))));
  EXPECT_THAT(Differences(*missing, host_),
              ElementsAre("value: (absent) -> 1", "persist: (absent) -> 1"))
      << "what the kernel refuses is not kept for the next boot";
  EXPECT_OK(BringAbout(*Sysctl({{"value", 1}, {"ignore_missing", true}}, "net.bridge.x"), host_));
}

TEST_F(SysctlTest, SaysWhatTheKernelRefuses) {
  host_.sysctls().Refuse("vm.swappiness", "1000");
  EXPECT_THAT(BringAbout(*Sysctl({{"value", 1000}}), host_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("set vm.swappiness = 1000")));
}

TEST_F(SysctlTest, TellsWhichLaterFileWins) {
  const auto swappiness = Sysctl({{"value", "10"}});
  ASSERT_OK(BringAbout(*swappiness, host_));
  host_.disk().PutFile("/etc/sysctl.conf", "# mine\nvm.swappiness=60\n");
  host_.disk().PutLink("/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf");
  EXPECT_THAT(Differences(*swappiness, host_),
              ElementsAre("persist: 60, set later by /etc/sysctl.d/99-sysctl.conf -> 10"));
  EXPECT_THAT(
      BringAbout(*swappiness, host_),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("/etc/sysctl.d/99-sysctl.conf"), HasSubstr("take that line out"))));
}

TEST_F(SysctlTest, MindsOnlyLaterFilesThatSayOtherwise) {
  ASSERT_OK(BringAbout(*Sysctl({{"value", "10"}}), host_));
  host_.disk().PutFile("/etc/sysctl.d/10-first.conf", "vm.swappiness = 1\n");
  host_.disk().PutFile("/usr/lib/sysctl.d/99-x.conf", "vm.swappiness = 10\nvm.other = 3\n");
  host_.disk().PutFile("/run/sysctl.d/99-y.conf", "net.ipv4.conf.*.rp_filter = 1\n");
  host_.disk().PutFile("/etc/sysctl.d/99-z.conf.bak", "vm.swappiness = 1\n");
  host_.disk().PutLink("/etc/sysctl.d/99-zz.conf", "/nowhere");
  EXPECT_THAT(Differences(*Sysctl({{"value", "10"}}), host_), IsEmpty());
}

TEST_F(SysctlTest, KnowsThatAFileInEtcHidesItsNamesakeBelow) {
  ASSERT_OK(BringAbout(*Sysctl({{"value", "10"}}), host_));
  host_.disk().PutFile("/usr/lib/sysctl.d/99-vendor.conf", "vm.swappiness = 1\n");
  EXPECT_THAT(Differences(*Sysctl({{"value", "10"}}), host_),
              ElementsAre(HasSubstr("/usr/lib/sysctl.d/99-vendor.conf")));
  host_.disk().PutFile("/etc/sysctl.d/99-vendor.conf", "");
  EXPECT_THAT(Differences(*Sysctl({{"value", "10"}}), host_), IsEmpty());
}

TEST_F(SysctlTest, RemovesTheKeptValueAndLeavesTheLiveOne) {
  ASSERT_OK(BringAbout(*Sysctl({{"value", "10"}}), host_));
  const auto gone = Sysctl({{"absent", true}});
  EXPECT_THAT(Differences(*gone, host_), ElementsAre("present: true -> false"));
  EXPECT_OK(BringAbout(*gone, host_));
  EXPECT_FALSE(host_.disk().Exists(kFile));
  EXPECT_EQ(Live(), "10");
}

TEST_F(SysctlTest, DescribesWhatIsThereAsADeclarationAtRest) {
  const auto swappiness = Sysctl({{"value", 1}});
  const auto attributes =
      dynamic_cast<const resource::Describable&>(*swappiness).Describe(host_, Deadline::Never());
  ASSERT_OK(attributes);
  EXPECT_EQ(attributes->String("value", ""), "60");
  EXPECT_FALSE(attributes->Bool("persist", true));
  EXPECT_THAT(Differences(*SysctlType().make("vm.swappiness", *attributes), host_), IsEmpty());
}

TEST(SysctlSchemaTest, RefusesWhatMakesNoSense) {
  struct Case {
    const char* name;
    Value::Map declared;
    const char* error;
  };

  for (const Case& one : std::vector<Case>{
           {"", {{"value", 1}}, "is no kernel setting"},
           {"swappiness", {{"value", 1}}, "is no kernel setting"},
           {"vm..x", {{"value", 1}}, "is no kernel setting"},
           {"vm.a b", {{"value", 1}}, "is no kernel setting"},
           {"net.ipv4.conf.*.rp_filter", {{"value", 1}}, "pattern"},
           {"vm.swappiness", {}, "value: must be given"},
           {"vm.swappiness", {{"value", "  "}}, "value"},
           {"vm.swappiness", {{"value", 1}, {"runtime", false}, {"persist", false}}, "nothing"},
       }) {
    EXPECT_THAT(DeclarationErrors(SysctlSchema(), one.name, one.declared),
                ElementsAre(HasSubstr(one.error)))
        << one.name;
  }
}

TEST(SettingsTest, BringsKeysIntoOneForm) {
  struct Case {
    const char* given;
    const char* canonical;
  };

  for (const Case& one : std::vector<Case>{
           {"vm.swappiness", "vm.swappiness"},
           {"vm/swappiness", "vm.swappiness"},
           {"/proc/sys/vm/swappiness", "vm.swappiness"},
           {"net/ipv4/conf/eth0.1/forwarding", "net.ipv4.conf.eth0/1.forwarding"},
           {"net.ipv4.conf.eth0/1.forwarding", "net.ipv4.conf.eth0/1.forwarding"},
       }) {
    const auto key = CanonicalKey(one.given);
    ASSERT_OK(key);
    EXPECT_EQ(*key, one.canonical);
  }
}

TEST(SettingsTest, BringsValuesIntoOneForm) {
  struct Case {
    const char* given;
    const char* canonical;
  };

  for (const Case& one : std::vector<Case>{{"1", "1"},
                                           {" 1 \n", "1"},
                                           {"4\t4  1 7", "4 4 1 7"},
                                           {"0x10", "16"},
                                           {"0x", "0x"},
                                           {"|/bin/core %p", "|/bin/core %p"}}) {
    EXPECT_EQ(CanonicalSysctlValue(one.given), one.canonical);
  }
}

TEST(SettingsTest, FindsTheLastSettingOfAFile) {
  constexpr const char* kText =
      "# vm.swappiness = 1\n; vm.swappiness = 2\nvm.swappiness=3\n-vm/swappiness =  4 \n"
      "vm.other = 5\nno setting\n";
  EXPECT_EQ(SettingIn(kText, "vm.swappiness"), "4");
  EXPECT_EQ(SettingIn(kText, "vm.third"), std::nullopt);
}

TEST(SettingsTest, GivesEachKeyAFileOfItsOwn) {
  EXPECT_EQ(SettingFile("net.ipv4.conf.eth0/1.forwarding"),
            "/etc/sysctl.d/99-fettle-net.ipv4.conf.eth0~1.forwarding.conf");
  EXPECT_EQ(SettingIn(SettingText("a.b/c", "1 2"), "a.b/c"), "1 2");
}

}  // namespace
}  // namespace fettle::modules
