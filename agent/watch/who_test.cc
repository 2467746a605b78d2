// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/who.h"

#include <map>

#include <gmock/gmock.h>

#include "agent/watch/processes_for_test.h"

namespace fettle::watch {
namespace {

using resource::Actor;
using ::testing::HasSubstr;

constexpr int64_t kSelf = 100;

TEST(WhoTest, TellsProcessUserLoginUnitAndWhereTheyCameFrom) {
  ProcessesForTest processes;
  processes.Add(
      {1, 0, "systemd", "/usr/lib/systemd/systemd", {"/sbin/init"}, 0, {}, "/init.scope"});
  processes.Add({50, 1, "sshd", "/usr/sbin/sshd", {"sshd: ann"}, 0, 1000, "/a/ssh.service"});
  processes.Add({60, 50, "bash", "/bin/bash", {"-bash"}, 0, 1000, "/user.slice/session-3.scope"});
  processes.Add({70,
                 60,
                 "vim",
                 "/usr/bin/vim",
                 {"vim", "/etc/motd"},
                 0,
                 1000,
                 "/user.slice/session-3.scope"});
  processes.variables[60] = "10.0.0.7 51000 10.0.0.1 22";
  processes.users = {{0, "root"}, {1000, "ann"}};
  Who who(processes, kSelf);
  const Culprit culprit = who.OfProcess(70, absl::ZeroDuration());
  EXPECT_FALSE(culprit.ours);
  EXPECT_EQ(culprit.actor.certainty, Actor::Certainty::kCertain);
  EXPECT_EQ(culprit.actor.pid, 70);
  EXPECT_EQ(culprit.actor.executable, "/usr/bin/vim");
  EXPECT_EQ(culprit.actor.command, "vim /etc/motd");
  EXPECT_EQ(culprit.actor.user, "root");
  EXPECT_EQ(culprit.actor.login, "ann");
  EXPECT_EQ(culprit.actor.unit, "session-3.scope");
  EXPECT_EQ(culprit.actor.ssh_source, "10.0.0.7");
  EXPECT_EQ(culprit.actor.note, "");
}

TEST(WhoTest, AProcessThatHasGoneIsSaidToHaveGone) {
  const ProcessesForTest processes;
  Who who(processes, kSelf);
  const Culprit culprit = who.OfProcess(70, absl::ZeroDuration());
  EXPECT_EQ(culprit.actor.certainty, Actor::Certainty::kUnknown);
  EXPECT_EQ(culprit.actor.pid, 70);
  EXPECT_THAT(culprit.actor.note, HasSubstr("ended before"));
}

TEST(WhoTest, WhatWasSeenWhileItLivedIsKnownAfterItsEnd) {
  ProcessesForTest processes;
  processes.Add({70, 1, "sed", "/bin/sed", {"sed", "-i"}, 0, {}, ""});
  Who who(processes, kSelf);
  (void)who.OfProcess(70, absl::ZeroDuration());  // It made its temporary file.
  processes.processes.clear();
  EXPECT_EQ(who.OfProcess(70, absl::Milliseconds(3)).actor.command, "sed -i");
  EXPECT_NE(who.OfProcess(70, absl::Minutes(3)).actor.command, "sed -i");
}

TEST(WhoTest, OurselvesAndOurChildrenAreOurs) {
  ProcessesForTest processes;
  processes.Add({kSelf, 1, "fettle-agent", "/usr/bin/fettle-agent", {}, 0, {}, ""});
  processes.Add({101, kSelf, "sh", "/bin/sh", {"sh"}, 0, {}, ""});
  processes.Add({102, 101, "dpkg", "/usr/bin/dpkg", {"dpkg"}, 0, {}, ""});
  Who who(processes, kSelf);
  EXPECT_TRUE(who.OfProcess(kSelf, absl::ZeroDuration()).ours);
  EXPECT_TRUE(who.OfProcess(102, absl::ZeroDuration()).ours);
}

TEST(WhoTest, ThePackageManagerIsNamedNotItsTool) {
  ProcessesForTest processes;
  processes.Add({60, 1, "bash", "/bin/bash", {"bash"}, 0, {}, ""});
  processes.Add({70, 60, "apt-get", "/usr/bin/apt-get", {"apt-get", "remove", "x"}, 0, {}, ""});
  processes.Add({71, 70, "dpkg", "/usr/bin/dpkg", {"dpkg", "--status-fd"}, 0, {}, ""});
  Who who(processes, kSelf);
  EXPECT_EQ(who.OfProcess(71, absl::ZeroDuration()).actor.command, "apt-get remove x");
}

TEST(WhoTest, ASystemctlThatNamesTheUnitIsProbablyIt) {
  ProcessesForTest processes;
  processes.Add({70, 1, "systemctl", "/bin/systemctl", {"systemctl", "stop", "other"}, 0, {}, ""});
  processes.Add({71, 1, "systemctl", "/bin/systemctl", {"systemctl", "stop", "nginx"}, 0, {}, ""});
  const Who who(processes, kSelf);
  const Culprit culprit = who.OfUnit("nginx.service");
  EXPECT_EQ(culprit.actor.certainty, Actor::Certainty::kProbable);
  EXPECT_EQ(culprit.actor.pid, 71);
  EXPECT_EQ(who.OfUnit("cron.service").actor.pid, 0);
  EXPECT_THAT(who.OfUnit("cron.service").actor.note, HasSubstr("systemd does not say"));
}

TEST(WhoTest, UnitsAreReadFromControlGroups) {
  EXPECT_EQ(UnitOfCgroup("/system.slice/cron.service"), "cron.service");
  EXPECT_EQ(UnitOfCgroup("/user.slice/user-0.slice/session-3.scope"), "session-3.scope");
  EXPECT_EQ(UnitOfCgroup("/user.slice/user-0.slice/user@0.service/app.slice/a.scope"), "a.scope");
  EXPECT_EQ(UnitOfCgroup("/"), "");
}

TEST(WhoTest, ReadsTheLogsOfThePackageManager) {
  const std::string history =
      "\nStart-Date: 2026-03-01  09:00:00\nCommandline: apt install a\nEnd-Date: x\n"
      "\nStart-Date: 2026-03-01  10:00:00\nCommandline: apt-get remove -y nginx\n"
      "Requested-By: ann (1000)\nRemove: nginx:amd64 (1.22)\n";
  EXPECT_EQ(LastAptCommand(history), "apt-get remove -y nginx, requested by ann (1000)");
  EXPECT_EQ(LastAptCommand(""), "");
  const std::string log =
      "2026-03-01 10:00:00 startup archives unpack\n"
      "2026-03-01 10:00:01 remove nginx:amd64 1.22 <none>\n"
      "2026-03-01 10:00:01 status half-installed nginx:amd64 1.22\n"
      "2026-03-01 10:00:02 remove nginx-common:all 1.22 <none>\n";
  EXPECT_EQ(LastDpkgAction(log, "nginx"), "2026-03-01 10:00:01 remove nginx:amd64 1.22 <none>");
  EXPECT_EQ(LastDpkgAction(log, "ngin"), "");
}

}  // namespace
}  // namespace fettle::watch
