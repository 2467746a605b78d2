// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/apt_transaction.h"

#include <sys/stat.h>

#include <algorithm>

#include "gmock/gmock.h"
#include <fmt/ranges.h>

#include "lib/base/status_macros.h"
#include "lib/sys/linux_commands.h"
#include "lib/sys/start_policy.h"
#include "lib/sys/temp_dir_for_test.h"

namespace fettle::sys {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

PackageRequest Want(const std::string& name, PackageAction action = PackageAction::kInstall) {
  PackageRequest request;
  request.name = name;
  request.action = action;
  return request;
}

// The arguments after "--".
std::vector<std::string> Packages(const std::vector<std::string>& argv) {
  const auto bar = std::find(argv.begin(), argv.end(), "--");
  return bar == argv.end() ? std::vector<std::string>()
                           : std::vector<std::string>(bar + 1, argv.end());
}

const DpkgStatus& Installed() {
  static const DpkgStatus status(
      {"Package: dpkg\nEssential: yes\nStatus: install ok installed\nArchitecture: amd64\nVersion: "
       "1\n\n"
       "Package: less\nStatus: install ok installed\nArchitecture: amd64\nVersion: 590\n\n"
       "Package: vim\nStatus: hold ok installed\nArchitecture: amd64\nVersion: 9\n"});
  return status;
}

TEST(AptSimulationTest, ReadsTheSteps) {
  const std::vector<AptStep> steps = ParseAptSimulation(
      "Reading package lists...\n"
      "The following packages will be REMOVED:\n"
      "  less\n"
      "0 upgraded, 2 newly installed, 1 to remove and 119 not upgraded.\n"
      "Remv less [590-2.1~deb12u2]\n"
      "Purg old [1] [dependant:amd64 ]\n"
      "Inst cowsay (3.03+dfsg2-8 Debian:12.15/oldstable [all])\n"
      "Inst libc6 [2.36-8] (2.36-9 Debian:12.15/oldstable, Security:12 [amd64]) [libc6:i386 ]\n"
      "Inst libc6:i386 [2.36-8] (2.36-9 Debian:12.15/oldstable [i386])\n"
      "Conf cowsay (3.03+dfsg2-8 Debian:12.15/oldstable [all])\n"
      "Inst\nRemv x\n");
  ASSERT_EQ(steps.size(), 5U);
  EXPECT_EQ(steps[0].kind, AptStep::Kind::kRemove);
  EXPECT_EQ(steps[0].name, "less");
  EXPECT_EQ(steps[0].old_version, "590-2.1~deb12u2");
  EXPECT_EQ(steps[1].kind, AptStep::Kind::kRemove);
  EXPECT_EQ(steps[2].kind, AptStep::Kind::kInstall);
  EXPECT_EQ(steps[2].old_version, "");
  EXPECT_EQ(steps[2].new_version, "3.03+dfsg2-8");
  EXPECT_EQ(steps[3].old_version, "2.36-8");
  EXPECT_EQ(steps[3].new_version, "2.36-9");
  EXPECT_EQ(steps[4].name, "libc6:i386");
}

AptStep Removal(const std::string& name) {
  return {AptStep::Kind::kRemove, name, "1", ""};
}

AptStep Upgrade(const std::string& name, const std::string& from, const std::string& to) {
  return {AptStep::Kind::kInstall, name, from, to};
}

TEST(CheckStepsTest, RefusesRemovalsThatNobodyDeclared) {
  const std::vector<PackageRequest> requests = {Want("new"), Want("gone", PackageAction::kRemove)};
  TransactionOptions options;
  EXPECT_TRUE(CheckSteps({Removal("gone")}, requests, options, Installed()).ok());
  const absl::Status status = CheckSteps(
      {Removal("gone"), Removal("less"), Removal("more")}, requests, options, Installed());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("less (1), more (1)"));
  EXPECT_THAT(std::string(Message(status)), Not(HasSubstr("gone")));
  options.may_remove = {"less", "more:amd64"};
  EXPECT_TRUE(CheckSteps({Removal("less"), Removal("more")}, requests, options, Installed()).ok());
}

TEST(CheckStepsTest, NeverRemovesEssentialPackages) {
  TransactionOptions options;
  options.may_remove = {"dpkg"};
  const std::vector<PackageRequest> requests = {Want("dpkg", PackageAction::kPurge)};
  EXPECT_THAT(std::string(Message(CheckSteps({Removal("dpkg")}, requests, options, Installed()))),
              HasSubstr("essential"));
}

TEST(CheckStepsTest, DowngradesOnlyWhatMayBe) {
  std::vector<PackageRequest> requests = {Want("less"), Want("other")};
  requests[1].allow_downgrade = true;
  const TransactionOptions options;
  EXPECT_TRUE(
      CheckSteps(
          {Upgrade("less", "1", "2"), Upgrade("other", "2", "1")}, requests, options, Installed())
          .ok());
  EXPECT_THAT(
      std::string(Message(CheckSteps({Upgrade("less", "2", "1")}, requests, options, Installed()))),
      HasSubstr("less (2 to 1)"));
  EXPECT_FALSE(CheckSteps({Upgrade("dependency", "2", "1")}, requests, options, Installed()).ok());
}

TEST(CheckStepsTest, ChangesHeldPackagesOnlyWhereAllowed) {
  std::vector<PackageRequest> requests = {Want("vim")};
  EXPECT_THAT(
      std::string(Message(CheckSteps({Upgrade("vim", "9", "10")}, requests, {}, Installed()))),
      HasSubstr("held"));
  requests[0].allow_held = true;
  EXPECT_TRUE(CheckSteps({Upgrade("vim", "9", "10")}, requests, {}, Installed()).ok());
  EXPECT_FALSE(CheckSteps({Upgrade("vim", "9", "10")}, {}, {}, Installed()).ok());
}

TEST(AptArgvTest, PutsEverythingIntoOneCall) {
  std::vector<PackageRequest> requests = {Want("nginx"),
                                          Want("less", PackageAction::kRemove),
                                          Want("old", PackageAction::kPurge),
                                          Want("kept", PackageAction::kHold),
                                          Want("local")};
  requests[0].version = "1.22-1";
  requests[4].local_file = "/srv/local_1.deb";
  TransactionOptions options;
  options.extra_options = {"-t", "bookworm-backports"};
  AptCall call;
  call.simulate = true;
  call.lock_seconds = 7;
  const std::vector<std::string> argv = InstallArgv(requests, options, call);
  EXPECT_THAT(Packages(argv), ElementsAre("nginx=1.22-1", "less-", "old-", "/srv/local_1.deb"));
  EXPECT_THAT(argv, Contains("--simulate"));
  EXPECT_THAT(argv, Contains("--no-install-recommends"));
  EXPECT_THAT(argv, Contains("DPkg::Lock::Timeout=7"));
  EXPECT_THAT(argv, Contains("Dpkg::Options::=--force-confdef"));
  EXPECT_THAT(argv, Contains("Dpkg::Options::=--force-confold"));
  EXPECT_THAT(argv, Contains("bookworm-backports"));
  for (const char* option : {"--allow-downgrades",
                             "--allow-change-held-packages",
                             "--purge",
                             "--no-remove",
                             "--allow-remove-essential",
                             "--force-yes"}) {
    EXPECT_THAT(argv, Not(Contains(option)));
  }
}

TEST(AptArgvTest, LoosensOnlyWhatARequestAsksFor) {
  std::vector<PackageRequest> requests = {Want("a"), Want("b")};
  requests[1].allow_downgrade = true;
  requests[1].allow_held = true;
  requests[1].recommends = true;
  TransactionOptions options;
  options.take_new_conffiles = true;
  const std::vector<std::string> argv =
      InstallArgv(requests, options, {.purge = true, .no_remove = true});
  for (const char* option : {"--allow-downgrades",
                             "--allow-change-held-packages",
                             "--purge",
                             "--no-remove",
                             "--install-recommends",
                             "Dpkg::Options::=--force-confnew"}) {
    EXPECT_THAT(argv, Contains(option));
  }
  EXPECT_THAT(argv, Not(Contains("Dpkg::Options::=--force-confold")));
}

TEST(AptArgvTest, HasNoCallWhereThereIsNothingToDo) {
  const std::vector<PackageRequest> holds = {Want("a", PackageAction::kHold),
                                             Want("b", PackageAction::kUnhold)};
  EXPECT_THAT(InstallArgv(holds, {}, {}), IsEmpty());
  EXPECT_THAT(Packages(MarkArgv(holds, PackageAction::kHold)), ElementsAre("a"));
  EXPECT_THAT(Packages(MarkArgv(holds, PackageAction::kUnhold)), ElementsAre("b"));
  EXPECT_THAT(MarkArgv({}, PackageAction::kHold), IsEmpty());
  EXPECT_THAT(RepairArgv({}),
              ElementsAre("dpkg", "--force-confdef", "--force-confold", "--configure", "-a"));
}

TEST(AptArgvTest, IsWhatAptUnderstands) {
  // Of this machine's own package manager: it may not know the package, but must know every option.
  std::vector<PackageRequest> requests = {Want("fettle-no-such-package")};
  requests[0].allow_downgrade = true;
  requests[0].allow_held = true;
  Command command;
  command.argv = InstallArgv(requests, {}, {.simulate = true, .purge = true, .no_remove = true});
  absl::StatusOr<CommandResult> result = RunCommand(command, Deadline::Never());
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result->err, HasSubstr("Unable to locate package fettle-no-such-package"));
  // A pattern of many a package ("dpkg", "dpkx", …), and none's name.
  command.argv = InstallArgv(std::vector{Want("dpk.")}, {}, {.simulate = true});
  result = RunCommand(command, Deadline::Never());
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result->err, HasSubstr("Unable to locate package dpk."));
  command.argv =
      InstallArgv(std::vector{Want("dpkg", PackageAction::kRemove)}, {}, {.simulate = true});
  result = RunCommand(command, Deadline::Never());
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result->err, Not(HasSubstr("Unable to locate")));
}

TEST(CheckRequestsTest, RefusesWhatAptCouldTakeForSomethingElse) {
  for (const char* name : {"",
                           "a",
                           "-a",
                           "--purge",
                           "nginx-",
                           "nginx=1",
                           "nginx/stable",
                           "Nginx",
                           "a b",
                           "a*",
                           "x:",
                           "nginx:amd64:x",
                           "../x",
                           "^task"}) {
    // A final "-" belongs to names only by accident: apt would remove the package.
    const absl::Status status = CheckRequests(std::vector{Want(name)}, {});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
  }
  for (const char* name : {"nginx", "libstdc++6", "g++", "libc6:i386", "0ad", "python3.11"}) {
    EXPECT_TRUE(CheckRequests(std::vector{Want(name)}, {}).ok()) << name;
  }
  PackageRequest request = Want("nginx");
  for (const char* version : {"1 2", "1;2", "1-", "1+", "1/2", "1*"}) {
    request.version = version;
    EXPECT_FALSE(CheckRequests(std::vector{request}, {}).ok()) << version;
  }
  request.version = "1:2.3~rc1+dfsg-1";
  EXPECT_TRUE(CheckRequests(std::vector{request}, {}).ok());
  request.local_file = "relative.deb";
  EXPECT_FALSE(CheckRequests(std::vector{request}, {}).ok());
}

TEST(CheckRequestsTest, RefusesContradictions) {
  EXPECT_FALSE(CheckRequests(std::vector{Want("xx"), Want("xx", PackageAction::kRemove)}, {}).ok());
  EXPECT_TRUE(CheckRequests(std::vector{Want("xx"), Want("xx", PackageAction::kHold)}, {}).ok());
  EXPECT_TRUE(CheckRequests(std::vector{Want("xx"), Want("xx")}, {}).ok());
}

TEST(AptEnvironmentTest, AsksNothingAndRestartsNothing) {
  const auto environment = AptEnvironment({});
  EXPECT_EQ(environment.at("DEBIAN_FRONTEND"), "noninteractive");
  EXPECT_EQ(environment.at("NEEDRESTART_MODE"), "l");
  EXPECT_EQ(environment.at("UCF_FORCE_CONFFOLD"), "1");
}

TEST(AptFailureTest, TellsWhatPassesFromWhatStays) {
  const absl::Status missing =
      AptFailure("apt-get", 100, "Reading...\nE: Unable to locate package nosuch\n");
  EXPECT_EQ(missing.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Message(missing),
            "apt-get failed with exit code 100: E: Unable to locate package nosuch");
  EXPECT_EQ(
      AptFailure("apt-get",
                 100,
                 "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1\n")
          .code(),
      absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(
      AptFailure(
          "dpkg", 2, "dpkg: error: dpkg frontend lock was locked by another process with pid 7\n")
          .code(),
      absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(
      AptFailure("apt-get", 100, "E: Failed to fetch http://x  Could not resolve 'x'\n").code(),
      absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(Message(AptFailure("dpkg", 1, "something\nelse\n"))), HasSubstr("else"));
  EXPECT_THAT(std::string(Message(AptFailure("dpkg", 1, ""))), HasSubstr("it said nothing"));
}

class StartPolicyTest : public TempDirTest {
 protected:
  // The script's answer in a transaction of ours, in which a.service was active and b.service
  // there.
  int Ask(std::vector<std::string> arguments, bool in_transaction = true) {
    Command command;
    command.argv = {Path("policy-rc.d")};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    if (in_transaction) {
      command.environment = StartPolicyEnvironment({"a.service", "t@1.service"},
                                                   {"a.service", "b.service", "t@.service"});
    }
    const absl::StatusOr<CommandResult> result = RunCommand(command, Deadline::Never());
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? result->exit_code : -1;
  }
};

TEST_F(StartPolicyTest, LetsNothingStartThatWasNotActiveBefore) {
  ASSERT_TRUE(PlaceStartPolicy(Path("policy-rc.d")).ok());
  EXPECT_EQ(Ask({"new.service", "start"}), 101);
  EXPECT_EQ(Ask({"new", "start"}), 101);
  EXPECT_EQ(Ask({"new", "(start)", "unknown"}), 101);
  EXPECT_EQ(Ask({"--quiet", "new", "start", "2"}), 101);
  EXPECT_EQ(Ask({"b.service", "start"}), 101);
  EXPECT_EQ(Ask({"a.service", "start"}), 0);
  EXPECT_EQ(Ask({"a", "start"}), 0);
  EXPECT_EQ(Ask({"t@*.service", "start"}), 0);
}

TEST_F(StartPolicyTest, LetsUpgradesRestartAndEverythingStop) {
  ASSERT_TRUE(PlaceStartPolicy(Path("policy-rc.d")).ok());
  EXPECT_EQ(Ask({"b.service", "restart"}), 0);
  EXPECT_EQ(Ask({"new.service", "restart"}), 101);
  EXPECT_EQ(Ask({"new.service", "force-reload"}), 101);
  EXPECT_EQ(Ask({"new.service", "stop"}), 0);
  EXPECT_EQ(Ask({"--quiet", "new", "stop"}), 0);
}

TEST_F(StartPolicyTest, AllowsEverythingToOthersShouldItBeLeftBehind) {
  ASSERT_TRUE(PlaceStartPolicy(Path("policy-rc.d")).ok());
  EXPECT_EQ(Ask({"new.service", "start"}, false), 0);
  EXPECT_EQ(Ask({"--quiet", "new", "start"}, false), 0);
}

TEST_F(StartPolicyTest, ReplacesAndRemovesOnlyItsOwn) {
  const std::string path = Path("policy-rc.d");
  ASSERT_TRUE(PlaceStartPolicy(path).ok());
  ASSERT_TRUE(PlaceStartPolicy(path).ok());
  ASSERT_TRUE(RemoveStartPolicy(path).ok());
  EXPECT_EQ(EntryCount(), 0U);
  ASSERT_TRUE(RemoveStartPolicy(path).ok());
  Write(path, "#!/bin/sh\nexit 101\n");
  ASSERT_TRUE(PlaceStartPolicy(path).ok());
  ASSERT_TRUE(RemoveStartPolicy(path).ok());
  EXPECT_EQ(Slurp(path), "#!/bin/sh\nexit 101\n");
}

}  // namespace
}  // namespace fettle::sys
