// SPDX-License-Identifier: Apache-2.0
#include "agent/facts/upgrade_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_host.h"

namespace fettle::facts {
namespace {

using resource::Value;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class UpgradeFactsTest : public ::testing::Test {
 protected:
  void Put(const std::string& path, std::string_view content) {
    host_.disk().PutFile(path, content);
  }

  void Run(const std::string& release, const std::vector<std::string>& installed) {
    Put("/proc/sys/kernel/osrelease", release + "\n");
    for (const std::string& one : installed) {
      Put("/boot/vmlinuz-" + one, "");
    }
  }

  std::string Reboot() const { return Value(RebootFacts(host_.files())).Display(); }

  // A process that has `mapped` mapped, in this control group.
  void Process(int pid, const std::string& cgroup, const std::string& mapped) {
    const std::string folder = "/proc/" + std::to_string(pid);
    Put(folder + "/maps",
        "5600-5601 r-xp 00000000 fe:01 12   /usr/sbin/thing\n"
        "7f00-7f01 r-xp 00028000 fe:01 17   " +
            mapped +
            "\n"
            "7fff-8000 r-xp 00000000 00:00 0    [vdso]\n");
    Put(folder + "/cgroup", "0::" + cgroup + "\n");
  }

  std::vector<std::string> Units() { return stale_.Units(host_.files()); }

  testing::FakeHost host_;
  StaleServices stale_;
};

TEST_F(UpgradeFactsTest, ANewerKernelOfTheRunningFlavourWantsAReboot) {
  Run("6.1.0-9-amd64", {"6.1.0-9-amd64", "6.1.0-18-amd64", "6.6.1-1-cloud-amd64"});
  EXPECT_EQ(Reboot(),
            "{because = [kernel 6.1.0-18-amd64 is installed, 6.1.0-9-amd64 runs], kernel = told, "
            "needed = true}");
}

TEST_F(UpgradeFactsTest, TheNewestKernelRunningWantsNone) {
  Run("6.1.0-18-amd64", {"6.1.0-9-amd64", "6.1.0-18-amd64", "6.1.0-20-amd64.dpkg-new"});
  EXPECT_EQ(Reboot(), "{because = [], kernel = told, needed = false}");
}

TEST_F(UpgradeFactsTest, AContainerIsNotToldOfKernels) {
  Run("6.1.0-9-amd64", {"6.1.0-9-amd64", "6.1.0-18-amd64"});
  Put("/run/systemd/container", "systemd-nspawn\n");
  EXPECT_EQ(Reboot(), "{because = [], kernel = not told, needed = false}");
}

TEST_F(UpgradeFactsTest, AKernelFromOutsideIsNotTold) {
  Run("5.10.0-vendor", {"6.1.0-18-amd64"});
  EXPECT_EQ(Reboot(), "{because = [], kernel = not told, needed = false}");
}

TEST_F(UpgradeFactsTest, PackagesThatAskForARebootAreNamedOnce) {
  Put("/run/reboot-required", "*** System restart required ***\n");
  EXPECT_EQ(Reboot(),
            "{because = [/run/reboot-required is there], kernel = not told, needed = true}");
  Put("/run/reboot-required.pkgs", "linux-base\nlibc6\nlinux-base\n");
  EXPECT_EQ(Reboot(),
            "{because = [libc6, linux-base wants it (/run/reboot-required)], kernel = not told, "
            "needed = true}");
}

TEST_F(UpgradeFactsTest, WhatCouldNotBeLookedAtIsNotSaid) {
  Put("/run/reboot-required", "");
  host_.calls().FailCall(3, absl::PermissionDeniedError("injected"));
  EXPECT_EQ(Reboot(), "{kernel = not told}");
}

TEST_F(UpgradeFactsTest, ServicesThatRunReplacedLibrariesAreNamedOnce) {
  Put("/proc/1/cgroup", "0::/init.scope\n");
  Process(10, "/system.slice/cron.service", "/usr/lib/libc.so.6 (deleted)");
  Process(11, "/system.slice/cron.service", "/usr/lib/libc.so.6 (deleted)");
  Process(12, "/system.slice/ssh.service", "/usr/lib/libc.so.6");
  Process(13, "/system.slice/db.service", "/memfd:jit (deleted)");
  Process(14, "/user.slice/user-0.slice/session-3.scope", "/usr/bin/bash (deleted)");
  Process(15, "/user.slice/user-7.slice/user@7.service/app.slice/x.service", "/opt/x (deleted)");
  EXPECT_THAT(Units(), ElementsAre("cron.service", "user@7.service"));
}

TEST_F(UpgradeFactsTest, WhatRunsInContainersDoesNotCount) {
  Put("/proc/1/cgroup", "0::/init.scope\n");
  host_.disk().PutLink("/proc/self/ns/pid", "pid:[1]");
  Process(10, "/system.slice/docker-1.scope/system.slice/a.service", "/usr/lib/a (deleted)");
  host_.disk().PutLink("/proc/10/ns/pid", "pid:[2]");
  EXPECT_THAT(Units(), IsEmpty());
}

TEST_F(UpgradeFactsTest, AHostThatIsItselfAContainerNamesUnitsAsItKnowsThem) {
  Put("/proc/1/cgroup", "0::/machine.slice/box.service/payload/init.scope\n");
  Process(10,
          "/machine.slice/box.service/payload/system.slice/cron.service",
          "/usr/sbin/cron (deleted)");
  EXPECT_THAT(Units(), ElementsAre("cron.service"));
}

TEST_F(UpgradeFactsTest, ProcessesAreLookedAtAgainOnlyWhenPackagesChangedOrAFoundOneWent) {
  Put("/var/lib/dpkg/status", "one");
  Process(10, "/system.slice/cron.service", "/usr/lib/libc.so.6");
  EXPECT_THAT(Units(), IsEmpty());
  Process(10, "/system.slice/cron.service", "/usr/lib/libc.so.6 (deleted)");
  EXPECT_THAT(Units(), IsEmpty()) << "nothing was looked at";
  Put("/var/lib/dpkg/status", "two, and longer");
  EXPECT_THAT(Units(), ElementsAre("cron.service"));
  Process(10, "/system.slice/cron.service", "/usr/lib/libc.so.6");  // It started anew.
  Process(11, "/system.slice/ssh.service", "/usr/lib/libc.so.6 (deleted)");
  EXPECT_THAT(Units(), ElementsAre("ssh.service"));
}

}  // namespace
}  // namespace fettle::facts
