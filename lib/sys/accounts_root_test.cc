// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "gmock/gmock.h"

#include "lib/base/status_macros.h"
#include "lib/sys/linux_accounts.h"
#include "lib/sys/linux_commands.h"
#include "lib/sys/temp_dir_for_test.h"

// The real tools on a copy of /etc, mounted over the real one in a mount namespace of this process
// alone.
namespace fettle::sys {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class AccountToolsRootTest : public TempDirTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(geteuid(), 0U) << "this test needs root";
    ASSERT_EQ(unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    Command copy;
    copy.argv = {"cp", "-a", "/etc", Path("etc")};
    ASSERT_TRUE(RunCommand(copy, Deadline::Never()).ok());
    ASSERT_EQ(mount(Path("etc").c_str(), "/etc", nullptr, MS_BIND, nullptr), 0);
  }

  void TearDown() override { umount2("/etc", MNT_DETACH); }

  LinuxAccounts accounts_{""};
  const Deadline deadline_ = Deadline::Never();
};

TEST_F(AccountToolsRootTest, CreatesChangesAndRemovesUsers) {
  GroupChange group;
  group.gid = 45678;
  ASSERT_TRUE(accounts_.CreateGroup("fettlegrp", group, deadline_).ok());
  EXPECT_EQ(accounts_.FindGroup("fettlegrp")->gid, 45678U);

  UserChange change;
  change.uid = 45679;
  change.primary_group = "fettlegrp";
  change.comment = "A user";
  change.home = Path("home");
  change.shell = "/bin/sh";
  change.groups = {"adm"};
  change.password_hash = "$6$salt$hash";
  change.expires_day = 20000;
  change.create_home = true;
  const absl::Status created = accounts_.CreateUser("fettleusr", change, deadline_);
  ASSERT_TRUE(created.ok()) << created;
  User user = *accounts_.FindUser("fettleusr");
  EXPECT_EQ(user.uid, 45679U);
  EXPECT_EQ(user.gid, 45678U);
  EXPECT_EQ(user.comment, "A user");
  EXPECT_EQ(user.password_hash, "$6$salt$hash");
  EXPECT_FALSE(user.locked);
  EXPECT_EQ(user.expires_day, 20000);
  EXPECT_THAT(*accounts_.GroupsOf("fettleusr"), ElementsAre("adm"));
  EXPECT_TRUE(std::filesystem::is_directory(Path("home")));

  UserChange second;
  second.locked = true;
  second.expires_day = -1;
  second.groups.emplace();
  second.shell = "/bin/false";
  ASSERT_TRUE(accounts_.ChangeUser("fettleusr", second, deadline_).ok());
  user = *accounts_.FindUser("fettleusr");
  EXPECT_TRUE(user.locked);
  EXPECT_EQ(user.password_hash, "$6$salt$hash");
  EXPECT_EQ(user.expires_day, -1);
  EXPECT_EQ(user.shell, "/bin/false");
  EXPECT_TRUE(accounts_.GroupsOf("fettleusr")->empty());

  ASSERT_TRUE(accounts_.RemoveUser("fettleusr", {.remove_home = true}, deadline_).ok());
  EXPECT_EQ(accounts_.FindUser("fettleusr").status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(Path("home")));
}

TEST_F(AccountToolsRootTest, SetsExactlyTheMembersOfAGroup) {
  GroupChange change;
  change.members = {"daemon", "bin"};
  ASSERT_TRUE(accounts_.CreateGroup("fettlegrp", change, deadline_).ok());
  EXPECT_THAT(accounts_.FindGroup("fettlegrp")->members, ElementsAre("bin", "daemon"));
  change.members = {"sys"};
  change.gid = 45680;
  ASSERT_TRUE(accounts_.ChangeGroup("fettlegrp", change, deadline_).ok());
  EXPECT_THAT(accounts_.FindGroup("fettlegrp")->members, ElementsAre("sys"));
  EXPECT_EQ(accounts_.FindGroup("fettlegrp")->gid, 45680U);
  change.members->clear();
  ASSERT_TRUE(accounts_.ChangeGroup("fettlegrp", change, deadline_).ok());
  EXPECT_TRUE(accounts_.FindGroup("fettlegrp")->members.empty());
  ASSERT_TRUE(accounts_.RemoveGroup("fettlegrp", deadline_).ok());
  EXPECT_FALSE(accounts_.FindGroup("fettlegrp").ok());
}

TEST_F(AccountToolsRootTest, RepeatsWhatTheToolSaid) {
  UserChange taken;
  taken.uid = 0;
  const absl::Status status = accounts_.CreateUser("fettleusr", taken, deadline_);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("UID 0 is not unique"));
}

TEST_F(AccountToolsRootTest, CommandsRunAsAUserWithItsGroups) {
  GroupChange group;
  group.gid = 45678;
  group.members = {"daemon"};
  ASSERT_TRUE(accounts_.CreateGroup("fettlegrp", group, deadline_).ok());
  Command command;
  command.argv = {"sh", "-c", "id -u; id -g; id -Gn; echo $HOME $USER"};
  command.user = "daemon";
  absl::StatusOr<CommandResult> result = RunCommand(command, deadline_);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->out, "1\n1\ndaemon fettlegrp\n/usr/sbin daemon\n");
  command.group = "fettlegrp";
  command.argv = {"sh", "-c", "id -u; id -g"};
  result = RunCommand(command, deadline_);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->out, "1\n45678\n");
}

}  // namespace
}  // namespace fettle::sys
