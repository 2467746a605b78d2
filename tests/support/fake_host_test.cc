// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "tests/support/status_matchers.h"

namespace fettle::testing {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Deadline kNever = Deadline::Never();

FakePackage Nginx() {
  FakePackage nginx;
  nginx.name = "nginx";
  nginx.versions = {"1.22-2", "1.22-1"};
  nginx.depends = {"libc6"};
  nginx.conffiles = {{"/etc/nginx.conf", "default\n"}};
  nginx.files = {{"/usr/sbin/nginx", "ELF"}};
  nginx.units = {"nginx.service"};
  return nginx;
}

FakePackage Libc() {
  FakePackage libc;
  libc.name = "libc6";
  return libc;
}

sys::PackageRequest Request(const std::string& name, sys::PackageAction action) {
  sys::PackageRequest request;
  request.name = name;
  request.action = action;
  return request;
}

TEST(FakeCallsTest, CountsReadsApartFromWrites) {
  FakeHost host;
  EXPECT_OK(host.files().Stat("/etc"));
  EXPECT_OK(host.write_files().Replace("/etc/a", "a", {}));
  EXPECT_EQ(host.calls().reads(), 1U);
  EXPECT_EQ(host.calls().writes(), 1U);
  EXPECT_EQ(host.calls().CountMatching("Replace /etc/a"), 1U);
}

TEST(FakeCallsTest, FailsExactlyTheCallAskedFor) {
  FakeHost host;
  host.calls().FailCall(2, Unavailable("injected"));
  EXPECT_OK(host.files().Stat("/etc"));
  EXPECT_THAT(host.write_files().Replace("/etc/a", "a", {}),
              StatusIs(StatusCode::kUnavailable, HasSubstr("/etc/a")));
  EXPECT_TRUE(host.calls().fault_struck());
  EXPECT_FALSE(host.disk().Exists("/etc/a"));
  EXPECT_OK(host.write_files().Replace("/etc/a", "a", {}));
}

TEST(FakeCallsTest, AfterACrashNothingAnswersUntilReboot) {
  FakeHost host;
  host.calls().CrashAfterWrite(1);
  EXPECT_OK(host.write_files().Replace("/etc/a", "a", {}));
  EXPECT_THAT(host.files().Stat("/etc/a"), StatusIs(StatusCode::kUnavailable));
  host.Reboot();
  EXPECT_THAT(host.files().Read("/etc/a", 10), IsOkAndHolds("a"));
}

TEST(FakeCallsTest, AnExpiredDeadlineStopsACall) {
  FakeHost host;
  EXPECT_THAT(host.files().ContentDigest("/etc", Deadline::Expired()),
              StatusIs(StatusCode::kDeadlineExceeded));
}

TEST(FakePackagesTest, InstallsWithDependenciesAndStartsNothing) {
  FakeHost host;
  host.apt().AddAvailable(Nginx());
  host.apt().AddAvailable(Libc());
  const sys::PackageRequest request = Request("nginx", sys::PackageAction::kInstall);
  ASSERT_OK(host.write_packages().Commit({&request, 1}, {}, kNever));
  ASSERT_OK_AND_ASSIGN(const sys::PackageState state, host.packages().Package("nginx"));
  EXPECT_EQ(state.version, "1.22-2");
  EXPECT_EQ(host.apt().Package("libc6")->presence, sys::PackagePresence::kInstalled);
  EXPECT_EQ(host.disk().Content("/etc/nginx.conf"), "default\n");
  EXPECT_FALSE(host.units().Unit("nginx.service", kNever)->active());
  EXPECT_EQ(host.units().Unit("nginx.service", kNever)->unit_file_state, "enabled");
}

TEST(FakePackagesTest, RefusesWhatNobodyAllowed) {
  FakeHost host;
  host.apt().AddAvailable(Nginx());
  host.apt().AddAvailable(Libc());
  host.apt().Install("libc6");
  host.apt().Install("nginx");
  const sys::PackageRequest remove = Request("libc6", sys::PackageAction::kRemove);
  EXPECT_THAT(host.write_packages().Commit({&remove, 1}, {}, kNever),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("nginx")));
  sys::PackageRequest older = Request("nginx", sys::PackageAction::kInstall);
  older.version = "1.22-1";
  EXPECT_THAT(host.write_packages().Commit({&older, 1}, {}, kNever),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("downgrade")));
  older.allow_downgrade = true;
  host.apt().SetHeld("nginx", true);
  EXPECT_THAT(host.write_packages().Commit({&older, 1}, {}, kNever),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("held")));
  host.apt().SetHeld("nginx", false);
  EXPECT_OK(host.write_packages().Commit({&older, 1}, {}, kNever));
  EXPECT_EQ(host.apt().Package("nginx")->version, "1.22-1");
}

TEST(FakePackagesTest, RemovingKeepsConfigurationAndPurgingDoesNot) {
  FakeHost host;
  host.apt().AddAvailable(Nginx());
  host.apt().Install("nginx");
  const sys::PackageRequest remove = Request("nginx", sys::PackageAction::kRemove);
  ASSERT_OK(host.write_packages().Commit({&remove, 1}, {}, kNever));
  EXPECT_EQ(host.apt().Package("nginx")->presence, sys::PackagePresence::kConfigFiles);
  EXPECT_TRUE(host.disk().Exists("/etc/nginx.conf"));
  EXPECT_FALSE(host.units().Unit("nginx.service", kNever)->exists());
  const sys::PackageRequest purge = Request("nginx", sys::PackageAction::kPurge);
  ASSERT_OK(host.write_packages().Commit({&purge, 1}, {}, kNever));
  EXPECT_EQ(host.apt().Package("nginx")->presence, sys::PackagePresence::kAbsent);
  EXPECT_FALSE(host.disk().Exists("/etc/nginx.conf"));
}

TEST(FakePackagesTest, WaitsForNobody) {
  FakeHost host;
  host.apt().AddAvailable(Libc());
  host.apt().SetLockHolder("unattended-upgr (pid 812)");
  const sys::PackageRequest request = Request("libc6", sys::PackageAction::kInstall);
  EXPECT_THAT(host.write_packages().Commit({&request, 1}, {}, kNever),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("812")));
}

TEST(FakePackagesTest, ComparesVersionsAsDebianDoes) {
  const std::vector<std::string> rising = {"0.9~rc1-1",
                                           "0.9",
                                           "0.9-1",
                                           "0.9-1+deb12u1",
                                           "0.9.1",
                                           "0.10",
                                           "1.0a",
                                           "1.0+",
                                           "1:0.1",
                                           "2:0"};
  const FakeHost host;
  const sys::PackageReader& packages = host.packages();
  for (std::size_t i = 0; i < rising.size(); ++i) {
    for (std::size_t j = 0; j < rising.size(); ++j) {
      const int expected = i < j ? -1 : (i > j ? 1 : 0);
      EXPECT_EQ(packages.CompareVersions(rising[i], rising[j]), expected)
          << rising[i] << " and " << rising[j];
    }
  }
  EXPECT_EQ(packages.CompareVersions("1.0", "1.00-0"), 0);
}

TEST(FakeUnitsTest, RefusesToStartTheMaskedAndTheMissing) {
  FakeHost host;
  host.systemd().Add("a.service", "enabled");
  ASSERT_OK(host.write_units().Mask("a.service", kNever));
  EXPECT_THAT(host.write_units().Start("a.service", kNever),
              StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(host.write_units().Enable("a.service", kNever),
              StatusIs(StatusCode::kFailedPrecondition));
  ASSERT_OK(host.write_units().Unmask("a.service", kNever));
  EXPECT_EQ(host.units().Unit("a.service", kNever)->unit_file_state, "enabled");
  EXPECT_THAT(host.write_units().Start("none.service", kNever), StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(host.units().Unit("none.service", kNever)->load_state, "not-found");
}

TEST(FakeUnitsTest, EnablingAStaticUnitSaysOkAndDoesNothing) {
  FakeHost host;
  host.systemd().Add("s.service", "static");
  EXPECT_OK(host.write_units().Enable("s.service", kNever));
  EXPECT_EQ(host.units().Unit("s.service", kNever)->unit_file_state, "static");
}

TEST(FakeUnitsTest, AChangedUnitFileNeedsADaemonReload) {
  FakeHost host;
  host.disk().PutFile("/etc/systemd/system/mine.service", "[Service]\n");
  EXPECT_TRUE(host.units().Unit("mine.service", kNever)->exists());
  EXPECT_FALSE(host.units().Unit("mine.service", kNever)->needs_daemon_reload);
  host.disk().PutFile("/etc/systemd/system/mine.service", "[Service]\nType=simple\n");
  EXPECT_TRUE(host.units().Unit("mine.service", kNever)->needs_daemon_reload);
  ASSERT_OK(host.write_units().ReloadManager(kNever));
  EXPECT_FALSE(host.units().Unit("mine.service", kNever)->needs_daemon_reload);
}

TEST(FakeUnitsTest, RestartLeavesTheStoppedAloneAndStampsTheRunning) {
  FakeHost host;
  host.systemd().Add("a.service");
  ASSERT_OK(host.write_units().Restart("a.service", kNever));
  EXPECT_FALSE(host.units().Unit("a.service", kNever)->active());
  ASSERT_OK(host.write_units().Start("a.service", kNever));
  const absl::Time first = host.units().Unit("a.service", kNever)->started_at;
  ASSERT_OK(host.write_units().Restart("a.service", kNever));
  EXPECT_GT(host.units().Unit("a.service", kNever)->started_at, first);
}

TEST(FakeUnitsTest, AFailedStartSaysWhyInTheJournal) {
  FakeHost host;
  host.systemd().Add("a.service");
  host.systemd().BreakStart("a.service", "bind: Address already in use");
  EXPECT_THAT(host.write_units().Start("a.service", kNever),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("bind")));
  EXPECT_THAT(host.units().JournalTail("a.service", 5),
              ElementsAre("bind: Address already in use"));
}

TEST(FakeAccountsTest, MakesAUserWithItsGroupAndRemovesBoth) {
  FakeHost host;
  ASSERT_OK(host.write_accounts().CreateUser("www", {.create_home = true}, kNever));
  ASSERT_OK_AND_ASSIGN(const sys::User user, host.accounts().FindUser("www"));
  EXPECT_EQ(user.uid, 1000U);
  EXPECT_EQ(host.accounts().FindGroup(user.gid)->name, "www");
  EXPECT_TRUE(host.disk().Exists("/home/www"));
  ASSERT_OK(host.write_accounts().RemoveUser("www", {.remove_home = true}, kNever));
  EXPECT_FALSE(host.passwd().HasGroup("www"));
  EXPECT_FALSE(host.disk().Exists("/home/www"));
}

TEST(FakeAccountsTest, RefusesTakenIdsMissingGroupsAndBusyUsers) {
  FakeHost host;
  EXPECT_THAT(host.write_accounts().CreateUser("a", {.uid = 0}, kNever),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("unique")));
  EXPECT_THAT(host.write_accounts().CreateUser("a", {.primary_group = "none"}, kNever),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("none")));
  ASSERT_OK(host.write_accounts().CreateUser("a", {}, kNever));
  EXPECT_THAT(host.write_accounts().RemoveGroup("a", kNever),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("primary")));
  host.passwd().AddProcess(1000, "12 sleep");
  EXPECT_THAT(host.write_accounts().RemoveUser("a", {}, kNever),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("sleep")));
  ASSERT_OK(host.write_accounts().RemoveUser("a", {.force = true}, kNever));
}

TEST(FakeAccountsTest, SupplementaryGroupsAreExact) {
  FakeHost host;
  ASSERT_OK(host.write_accounts().CreateGroup("x", {}, kNever));
  ASSERT_OK(host.write_accounts().CreateGroup("y", {}, kNever));
  ASSERT_OK(host.write_accounts().CreateUser("a", {.groups = {{"x"}}}, kNever));
  sys::UserChange change;
  change.groups = {"y"};
  ASSERT_OK(host.write_accounts().ChangeUser("a", change, kNever));
  EXPECT_THAT(host.accounts().GroupsOf("a"), IsOkAndHolds(ElementsAre("y")));
}

TEST(FakeHostTest, RunsOnlyWhatIsScriptedAndLosesItsUnsyncedEffects) {
  FakeHost host;
  sys::Command command;
  command.argv = {"make-it", "now"};
  EXPECT_THAT(host.commands().Run(command, kNever), StatusIs(StatusCode::kNotFound));
  host.programs().OnProgram("make-it", 3, [](FakeHost& fake, const sys::Command& ran) {
    fake.disk().PutFile("/made", ran.argv[1]);
  });
  EXPECT_EQ(host.commands().Run(command, kNever)->exit_code, 3);
  EXPECT_EQ(host.disk().Content("/made"), "now");
  host.Reboot();
  EXPECT_FALSE(host.disk().Exists("/made"));
}

TEST(FakeHostTest, BootBringsBackKernelSettingsFromFilesAndStartsEnabledUnits) {
  FakeHost host;
  host.sysctls().AddKey("vm.swappiness", "60");
  host.sysctls().AddKey("net.a", "0");
  host.disk().PutFile("/etc/sysctl.d/50.conf", "# ours\nnet.a = 1\n");
  ASSERT_OK(host.write_kernel().SetSysctl("vm.swappiness", "10"));
  EXPECT_THAT(host.kernel().Sysctl("vm.swappiness"), IsOkAndHolds("10"));
  host.systemd().Add("on.service", "enabled");
  host.systemd().Add("off.service", "disabled");
  host.systemd().Activate("off.service");
  host.Reboot();
  EXPECT_THAT(host.kernel().Sysctl("vm.swappiness"), IsOkAndHolds("60"));
  EXPECT_THAT(host.kernel().Sysctl("net.a"), IsOkAndHolds("1"));
  EXPECT_TRUE(host.units().Unit("on.service", kNever)->active());
  EXPECT_FALSE(host.units().Unit("off.service", kNever)->active());
}

TEST(FakeHostTest, AnswersHttpTcpAndBlobs) {
  FakeHost host;
  EXPECT_THAT(host.prober().HttpGet("http://x/", kNever), StatusIs(StatusCode::kUnavailable));
  host.programs().OnHttp("http://x/", 200, "ok");
  EXPECT_EQ(host.prober().HttpGet("http://x/", kNever)->body, "ok");
  host.programs().Listen("127.0.0.1", 80);
  EXPECT_OK(host.prober().TcpConnect("127.0.0.1", 80, kNever));
  EXPECT_THAT(host.prober().TcpConnect("127.0.0.1", 81, kNever),
              StatusIs(StatusCode::kUnavailable));
  const Digest digest = host.blob_store().Add("content");
  EXPECT_THAT(host.blobs().Blob(digest), IsOkAndHolds("content"));
  EXPECT_THAT(host.blobs().Blob(Sha256("other")), StatusIs(StatusCode::kNotFound));
}

TEST(FakeClockTest, MovesOnlyWhenTold) {
  FakeClock clock;
  const absl::Time before = clock.Now();
  clock.Advance(absl::Seconds(5));
  EXPECT_EQ(clock.Now() - before, absl::Seconds(5));
  const absl::Duration monotonic = clock.Monotonic();
  clock.SetWallClock(before);
  EXPECT_EQ(clock.Now(), before);
  EXPECT_EQ(clock.Monotonic(), monotonic);
}

}  // namespace
}  // namespace fettle::testing
