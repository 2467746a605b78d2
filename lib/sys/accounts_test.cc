// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include "gmock/gmock.h"

#include "lib/sys/account_tools.h"
#include "lib/sys/linux_accounts.h"
#include "lib/sys/passwd_files.h"
#include "lib/sys/temp_dir_for_test.h"

namespace fettle::sys {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kPasswd[] =
    "root:x:0:0:root:/root:/bin/bash\n"
    "# a comment\n"
    "\n"
    "anna:x:1000:1000:Anna,,,:/home/anna:/bin/zsh\n"
    "old:$1$inpasswd:1001:100::/home/old:\n"
    "none:x:1002:1000:::\n"
    "broken:x:abc:1\n"
    "toobig:x:4294967296:0:::\n"
    "anna:x:9:9:second:/:/\n"
    "+nis::::::\n";
constexpr char kGroup[] =
    "root:x:0:\n"
    "anna:x:1000:\n"
    "sudo:x:27:zoe,anna\n"
    "adm:x:4:anna,\n"
    "broken:x\n";
constexpr char kShadow[] =
    "root:*:19000:0:99999:7:::\n"
    "anna:!$6$salt$hash:19000:0:99999:7::20000:\n"
    "none::19000:0:99999:7:::\n"
    "ghost:x:::::::\n";

TEST(PasswdFilesTest, ReadsWhatStandsThere) {
  const AccountFiles files = ParseAccountFiles(kPasswd, kGroup, kShadow);
  ASSERT_EQ(files.users.size(), 5U);
  const User* anna = files.FindUser("anna");
  ASSERT_NE(anna, nullptr);
  EXPECT_EQ(anna->uid, 1000U);
  EXPECT_EQ(anna->comment, "Anna,,,");
  EXPECT_EQ(anna->shell, "/bin/zsh");
  EXPECT_TRUE(anna->locked);
  EXPECT_EQ(anna->password_hash, "$6$salt$hash");
  EXPECT_EQ(anna->expires_day, 20000);
  EXPECT_EQ(files.FindUser(1001)->password_hash, "$1$inpasswd");
  EXPECT_EQ(files.FindUser("broken"), nullptr);
  EXPECT_EQ(files.FindUser("toobig"), nullptr);
  EXPECT_EQ(files.FindUser("ghost"), nullptr);
}

TEST(PasswdFilesTest, TellsLockedFromOpenPasswordFields) {
  struct Case {
    const char* field;
    bool locked;
    const char* hash;
  };

  for (const Case& each : {Case{"", false, ""},
                           Case{"*", true, ""},
                           Case{"!", true, ""},
                           Case{"!!", true, ""},
                           Case{"!*", true, ""},
                           Case{"$6$a$b", false, "$6$a$b"},
                           Case{"!$6$a$b", true, "$6$a$b"}}) {
    const AccountFiles files =
        ParseAccountFiles("u:x:1:1:::", "", std::string("u:") + each.field + ":1:0:9:7:::\n");
    EXPECT_EQ(files.users.at(0).locked, each.locked) << each.field;
    EXPECT_EQ(files.users.at(0).password_hash, each.hash) << each.field;
    EXPECT_EQ(files.users.at(0).expires_day, -1);
  }
}

TEST(PasswdFilesTest, FindsTheHomeOfANumber) {
  EXPECT_EQ(FindHome(kPasswd, 0), "/root");
  EXPECT_EQ(FindHome(kPasswd, 1001), "/home/old");
  EXPECT_EQ(FindHome(kPasswd, 4711), "/");
  EXPECT_EQ(FindHome("", 0), "/");
}

TEST(PasswdFilesTest, SortsMembersAndGroups) {
  const AccountFiles files = ParseAccountFiles(kPasswd, kGroup, kShadow);
  EXPECT_THAT(files.FindGroup("sudo")->members, ElementsAre("anna", "zoe"));
  EXPECT_THAT(files.FindGroup(4)->members, ElementsAre("anna"));
  EXPECT_THAT(files.GroupsOf("anna"), ElementsAre("adm", "sudo"));
  EXPECT_EQ(files.FindGroup("broken"), nullptr);
}

class LinuxAccountsTest : public TempDirTest {
 protected:
  LinuxAccountsTest() {
    mkdir(Path("etc").c_str(), 0755);
    Write(Path("etc/passwd"), kPasswd);
    Write(Path("etc/group"), kGroup);
    Write(Path("etc/shadow"), kShadow);
  }
};

TEST_F(LinuxAccountsTest, ReadsOncePerPass) {
  const LinuxAccounts accounts(directory());
  EXPECT_EQ(accounts.FindUser("anna")->uid, 1000U);
  Write(Path("etc/passwd"), "new:x:7:7:::\n");
  EXPECT_EQ(accounts.FindUser("new").status().code(), absl::StatusCode::kNotFound);
  accounts.Forget();
  EXPECT_EQ(accounts.FindUser("new")->uid, 7U);
  EXPECT_EQ(accounts.FindUser(1000).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(LinuxAccountsTest, OnlyLooksBelowAnotherRoot) {
  LinuxAccounts accounts(directory());
  EXPECT_EQ(accounts.CreateUser("eve", {}, Deadline::Never()).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(LinuxAccountsTest, ListsProcessesOfAUser) {
  const LinuxAccounts accounts("");
  const std::vector<std::string> processes = accounts.ProcessesOf(geteuid(), 100'000);
  EXPECT_THAT(processes, testing::Contains(testing::StartsWith(std::to_string(getpid()) + " ")));
  EXPECT_EQ(accounts.ProcessesOf(geteuid(), 1).size(), 1U);
  EXPECT_THAT(accounts.ProcessesOf(4'000'000'001U, 10), IsEmpty());
}

TEST(AccountToolsTest, RefusesNamesThatBreakTheFilesOrPassForOptions) {
  for (const char* good :
       {"anna", "_apt", "www-data", "x1", "node.js", "machine$", "3com", "Anna"}) {
    EXPECT_TRUE(CheckAccountName("user", good).ok()) << good;
  }
  for (const char* bad : {"",
                          "-x",
                          "--root",
                          ".x",
                          "a:b",
                          "a,b",
                          "a b",
                          "a\nb",
                          "1000",
                          "a/b",
                          "$",
                          "ä",
                          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    EXPECT_EQ(CheckAccountName("user", bad).code(), absl::StatusCode::kInvalidArgument) << bad;
  }
  UserChange change;
  change.comment = "x\nroot2:x:0:0";
  EXPECT_EQ(CheckUserChange("anna", change).code(), absl::StatusCode::kInvalidArgument);
  change.comment = "x";
  change.groups = {"sudo", "a,b"};
  EXPECT_EQ(CheckUserChange("anna", change).code(), absl::StatusCode::kInvalidArgument);
}

TEST(AccountToolsTest, BuildsCommandLines) {
  UserChange change;
  change.uid = 1005;
  change.primary_group = "staff";
  change.comment = "";
  change.home = "/srv/x";
  change.expires_day = -1;
  change.groups = {"adm", "sudo"};
  change.create_home = true;
  change.move_home = true;
  change.password_hash = "$6$secret";
  EXPECT_THAT(CreateUserArgv("x", change),
              ElementsAre("useradd",
                          "--create-home",
                          "--uid",
                          "1005",
                          "--gid",
                          "staff",
                          "--comment",
                          "",
                          "--home",
                          "/srv/x",
                          "--expiredate",
                          "",
                          "--groups",
                          "adm,sudo",
                          "--",
                          "x"));
  EXPECT_THAT(ChangeUserArgv("x", change),
              ElementsAre("usermod",
                          "--uid",
                          "1005",
                          "--gid",
                          "staff",
                          "--comment",
                          "",
                          "--home",
                          "/srv/x",
                          "--expiredate",
                          "",
                          "--groups",
                          "adm,sudo",
                          "--move-home",
                          "--",
                          "x"));
  UserChange system;
  system.system = true;
  EXPECT_THAT(CreateUserArgv("x", system),
              ElementsAre("useradd", "--system", "--no-create-home", "--", "x"));
  UserChange only_password;
  only_password.password_hash = "$6$secret";
  only_password.move_home = true;
  EXPECT_THAT(ChangeUserArgv("x", only_password), IsEmpty());
  EXPECT_THAT(RemoveUserArgv("x", {.remove_home = true}),
              ElementsAre("userdel", "--remove", "--", "x"));
  EXPECT_THAT(RemoveUserArgv("x", {.force = true}), ElementsAre("userdel", "--force", "--", "x"));
  GroupChange group;
  group.gid = 5;
  group.system = true;
  EXPECT_THAT(CreateGroupArgv("g", group),
              ElementsAre("groupadd", "--system", "--gid", "5", "--", "g"));
  EXPECT_THAT(ChangeGroupArgv("g", group), ElementsAre("groupmod", "--gid", "5", "--", "g"));
  EXPECT_THAT(ChangeGroupArgv("g", {}), IsEmpty());
}

TEST(AccountToolsTest, NeverLeavesAnAccountWithoutAPassword) {
  User now;
  now.password_hash = "$6$old";
  UserChange change;
  EXPECT_EQ(*PasswordInput("x", change, now), std::nullopt);
  change.locked = true;
  EXPECT_EQ(*PasswordInput("x", change, now), "x:!$6$old\n");
  change.password_hash = "$6$new";
  EXPECT_EQ(*PasswordInput("x", change, now), "x:!$6$new\n");
  now.locked = true;
  change.locked = std::nullopt;
  EXPECT_EQ(*PasswordInput("x", change, now), "x:!$6$new\n");
  change.locked = false;
  EXPECT_EQ(*PasswordInput("x", change, now), "x:$6$new\n");
  change.password_hash = std::nullopt;
  now.password_hash = "";
  EXPECT_EQ(PasswordInput("x", change, now).status().code(), absl::StatusCode::kFailedPrecondition);
  change.locked = true;
  EXPECT_EQ(*PasswordInput("x", change, now), "x:!\n");
  now.locked = false;
  change.locked = std::nullopt;
  change.password_hash = "";
  EXPECT_EQ(*PasswordInput("x", change, now), "x:*\n");
}

}  // namespace
}  // namespace fettle::sys
