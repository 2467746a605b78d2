// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "cli/lab/clone_content.h"
#include "cli/lab/clone_layer.h"
#include "cli/lab/files.h"
#include "cli/lab/temp_folder_for_test.h"
#include "tests/support/status_matchers.h"

namespace fettle::lab {
namespace {

using ::fettle::testing::IsOk;
using ::fettle::testing::IsOkAndHolds;
using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;

// A machine of a few files, and layers over it.
class CloneTest : public ::testing::Test {
 protected:
  CloneTest()
      : clone_({{.mount_point = "/", .lower = Machine(""), .upper = Upper(""), .work = ""},
                {.mount_point = "/var",
                 .lower = Machine("/var"),
                 .upper = folder_.path() + "/upper-var",
                 .work = ""}}) {
    for (const char* path : {"/etc/hostname",
                             "/etc/fstab",
                             "/etc/fettle/agent.toml",
                             "/etc/cron.d/backup",
                             "/etc/rc2.d/S01old",
                             "/etc/systemd/system/multi-user.target.wants/cron.service",
                             "/etc/systemd/system/multi-user.target.wants/postgresql.service",
                             "/usr/sbin/policy-rc.d",
                             "/var/lib/fettle-agent/journal"}) {
      PutOnMachine(path);
    }
    EXPECT_THAT(MakeFolders(Upper("")), IsOk());
    EXPECT_THAT(MakeFolders(folder_.path() + "/upper-var"), IsOk());
  }

  std::string Machine(const std::string& path) const { return folder_.path() + "/machine" + path; }

  std::string Upper(const std::string& path) const { return folder_.path() + "/upper" + path; }

  void PutOnMachine(const std::string& path) {
    const std::string full = Machine(path);
    ASSERT_THAT(MakeFolders(full.substr(0, full.rfind('/'))), IsOk());
    ASSERT_THAT(WriteText(full, "machine\n"), IsOk());
  }

  // Whether the overlay would take `path` of an upper layer for "absent".
  static bool Hides(const std::string& path) {
    struct stat info;
    return lstat(path.c_str(), &info) == 0 && S_ISCHR(info.st_mode) && info.st_rdev == 0;
  }

  TempFolder folder_;
  CloneLayer clone_;
};

TEST_F(CloneTest, WritesIntoTheUpperLayerAndLeavesTheMachineAlone) {
  ASSERT_THAT(clone_.Write("/etc/hostname", "web1\n"), IsOk());
  EXPECT_THAT(ReadText(Upper("/etc/hostname")), IsOkAndHolds("web1\n"));
  EXPECT_THAT(ReadText(Machine("/etc/hostname")), IsOkAndHolds("machine\n"));
}

TEST_F(CloneTest, FoldersAboveKeepTheMachinesMode) {
  ASSERT_EQ(chmod(Machine("/etc").c_str(), 0750), 0);
  ASSERT_THAT(clone_.Write("/etc/new/file", ""), IsOk());
  struct stat info;
  ASSERT_EQ(lstat(Upper("/etc").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0750U);
  ASSERT_EQ(lstat(Upper("/etc/new").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0755U);
}

TEST_F(CloneTest, TheLastEditOfAPathCounts) {
  ASSERT_THAT(clone_.Hide("/etc/hostname"), IsOk());
  ASSERT_THAT(clone_.Link("/etc/hostname", "elsewhere"), IsOk());
  ASSERT_THAT(clone_.Write("/etc/hostname", "last\n"), IsOk());
  EXPECT_THAT(ReadText(Upper("/etc/hostname")), IsOkAndHolds("last\n"));
}

TEST_F(CloneTest, HidingWhatTheMachineHasNotGotDoesNothing) {
  ASSERT_THAT(clone_.Hide("/etc/no-such-thing"), IsOk());
  EXPECT_FALSE(Exists(Upper("/etc/no-such-thing")));
}

TEST_F(CloneTest, GoesToTheLayerOfItsMountPoint) {
  ASSERT_THAT(clone_.Write("/var/lib/x", "x"), IsOk());
  EXPECT_THAT(ReadText(folder_.path() + "/upper-var/lib/x"), IsOkAndHolds("x"));
  ASSERT_THAT(clone_.Write("/variant", "y"), IsOk());
  EXPECT_THAT(ReadText(Upper("/variant")), IsOkAndHolds("y"));
}

TEST_F(CloneTest, AFolderThatIsALinkOnTheMachineIsRefused) {
  ASSERT_EQ(symlink("/etc", Machine("/link").c_str()), 0);
  EXPECT_THAT(clone_.Write("/link/hostname", "x"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not a plain folder")));
}

TEST_F(CloneTest, ContentGivesTheHostItsOwnIdentity) {
  ASSERT_THAT(WriteCloneContent(clone_,
                                {.host = "web1",
                                 .address = "10.213.1.11",
                                 .gateway = "10.213.1.1",
                                 .addresses = {{"web1", "10.213.1.11"}, {"db1", "10.213.1.12"}}}),
              IsOk());
  EXPECT_THAT(ReadText(Upper("/etc/hostname")), IsOkAndHolds("web1\n"));
  EXPECT_THAT(ReadText(Upper("/etc/hosts")), IsOkAndHolds(HasSubstr("10.213.1.12 db1\n")));
  EXPECT_THAT(ReadText(Upper("/etc/systemd/system/fettle-lab-network.service")),
              IsOkAndHolds(HasSubstr("ip address replace 10.213.1.11/24 dev host0\n")));
  EXPECT_THAT(ReadText(Upper("/etc/machine-id")),
              IsOkAndHolds(::testing::MatchesRegex("[0-9a-f]+\n")));
}

TEST_F(CloneTest, ContentHidesTheMachinesStateAndServices) {
  ASSERT_THAT(WriteCloneContent(clone_, {}), IsOk());
  for (const char* path : {"/etc/fettle",
                           "/etc/cron.d/backup",
                           "/etc/rc2.d/S01old",
                           "/etc/systemd/system/multi-user.target.wants/postgresql.service",
                           "/usr/sbin/policy-rc.d"}) {
    EXPECT_TRUE(Hides(Upper(path))) << path;
  }
  EXPECT_TRUE(Hides(folder_.path() + "/upper-var/lib/fettle-agent"));
  EXPECT_FALSE(Exists(Upper("/etc/systemd/system/multi-user.target.wants/cron.service")));
  EXPECT_THAT(ReadText(Upper("/etc/fstab")), IsOkAndHolds(""));
  EXPECT_EQ(std::filesystem::read_symlink(Upper("/etc/systemd/system/getty.target")), "/dev/null");
}

}  // namespace
}  // namespace fettle::lab
