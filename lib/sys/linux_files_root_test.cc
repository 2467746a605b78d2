// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "gmock/gmock.h"

#include "lib/base/status_macros.h"
#include "lib/sys/linux_files.h"
#include "lib/sys/temp_dir_for_test.h"
#include "lib/sys/unique_fd.h"

// What needs root: other owners, mounts, immutable files. All mounts are made in a mount namespace
// of this process alone, so nothing is left however it ends.
namespace fettle::sys {
namespace {

using testing::HasSubstr;

constexpr auto kFailed = absl::StatusCode::kFailedPrecondition;

class RootFilesTest : public TempDirTest {
 protected:
  static void SetUpTestSuite() {
    ASSERT_EQ(geteuid(), 0U) << "this test needs root";
    ASSERT_EQ(unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  }

  // A small file system of its own at Path("small").
  void MountSmall(const char* options) {
    ASSERT_EQ(mkdir(Path("small").c_str(), 0755), 0);
    ASSERT_EQ(mount("small", Path("small").c_str(), "tmpfs", 0, options), 0);
  }

  void TearDown() override {
    for (const char* name : {"small/below", "small", "bound"}) {
      umount2(Path(name).c_str(), MNT_DETACH);
    }
  }

  ReplaceOptions Over(const std::string& path) {
    ReplaceOptions options;
    if (const absl::StatusOr<FileStat> stat = files_.Stat(path); stat.ok()) {
      options.expected = *stat;
    }
    return options;
  }

  LinuxFiles files_{"", ""};
};

TEST_F(RootFilesTest, ReplaceSetsOwnerAndKeepsSetuidAfterIt) {
  ReplaceOptions options;
  options.uid = 4711;
  options.gid = 4712;
  options.mode = 06755;
  ASSERT_TRUE(files_.Replace(Path("file"), "x", options).ok());
  const FileStat stat = *files_.Stat(Path("file"));
  EXPECT_EQ(stat.uid, 4711U);
  EXPECT_EQ(stat.gid, 4712U);
  EXPECT_EQ(stat.mode, 06755U);
}

TEST_F(RootFilesTest, SetOwnershipKeepsTheModeIncludingSetuid) {
  Write(Path("file"), "x");
  ASSERT_EQ(chmod(Path("file").c_str(), 04755), 0);
  ASSERT_TRUE(files_.SetOwnership(Path("file"), 4711, std::nullopt, std::nullopt).ok());
  EXPECT_EQ(files_.Stat(Path("file"))->uid, 4711U);
  EXPECT_EQ(files_.Stat(Path("file"))->mode, 04755U);
}

TEST_F(RootFilesTest, SetOwnershipOfALinkLeavesItsTargetAlone) {
  Write(Path("file"), "x");
  ASSERT_EQ(symlink("file", Path("link").c_str()), 0);
  ASSERT_TRUE(files_.SetOwnership(Path("link"), 4711, 4712, std::nullopt).ok());
  EXPECT_EQ(files_.Stat(Path("link"))->uid, 4711U);
  EXPECT_EQ(files_.Stat(Path("file"))->uid, 0U);
}

TEST_F(RootFilesTest, ReplaceDropsCapabilitiesAndKeepsOtherAttributes) {
  MountSmall("size=1m");
  const std::string path = Path("small/file");
  Write(path, "old");
  // cap_net_raw+ep, as setcap(8) writes it.
  const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};
  ASSERT_EQ(setxattr(path.c_str(), "security.capability", capability, sizeof capability, 0), 0);
  ASSERT_EQ(setxattr(path.c_str(), "trusted.mark", "kept", 4, 0), 0);
  ASSERT_TRUE(files_.Replace(path, "new", Over(path)).ok());
  char value[8] = {};
  EXPECT_EQ(getxattr(path.c_str(), "trusted.mark", value, sizeof value), 4);
  EXPECT_LT(getxattr(path.c_str(), "security.capability", value, 0), 0);
}

TEST_F(RootFilesTest, ReplaceKeepsAccessLists) {
  const std::string path = Path("file");
  Write(path, "old");
  // user::rw- user:4711:r-- group::r-- mask::r-- other::---, in the kernel's form.
  const unsigned char list[] = {2,    0,    0,    0,    1,    0,    6,    0,    0xff, 0xff, 0xff,
                                0xff, 2,    0,    4,    0,    0x67, 0x12, 0,    0,    4,    0,
                                4,    0,    0xff, 0xff, 0xff, 0xff, 0x10, 0,    4,    0,    0xff,
                                0xff, 0xff, 0xff, 0x20, 0,    0,    0,    0xff, 0xff, 0xff, 0xff};
  ASSERT_EQ(setxattr(path.c_str(), "system.posix_acl_access", list, sizeof list, 0), 0);
  ReplaceOptions over = Over(path);
  over.mode = 0640;
  ASSERT_TRUE(files_.Replace(path, "new", over).ok());
  unsigned char kept[sizeof list] = {};
  EXPECT_EQ(getxattr(path.c_str(), "system.posix_acl_access", kept, sizeof kept),
            static_cast<ssize_t>(sizeof list));
  EXPECT_EQ(std::string(std::begin(kept), std::end(kept)),
            std::string(std::begin(list), std::end(list)));
  EXPECT_EQ(files_.Stat(path)->mode, 0640U);
}

TEST_F(RootFilesTest, FullFileSystemIsNamedAndTheOldContentStays) {
  MountSmall("size=64k");
  const std::string path = Path("small/file");
  Write(path, "old");
  const std::string big(256 << 10, 'x');
  const absl::Status status = files_.Replace(path, big, Over(path));
  EXPECT_EQ(status.code(), kFailed);
  EXPECT_THAT(std::string(Message(status)), HasSubstr(Path("small") + " (tmpfs on small)"));
  ReplaceOptions in_place = Over(path);
  in_place.in_place = true;
  EXPECT_EQ(files_.Replace(path, big, in_place).code(), kFailed);
  EXPECT_EQ(Slurp(path), "old");
  EXPECT_EQ(files_.List(Path("small"))->size(), 1U);
}

TEST_F(RootFilesTest, ReadOnlyFileSystemIsNamed) {
  MountSmall("size=64k");
  const std::string path = Path("small/file");
  Write(path, "old");
  ASSERT_EQ(mount("small", Path("small").c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const absl::Status status = files_.Replace(path, "new", Over(path));
  EXPECT_EQ(status.code(), kFailed);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("read-only"));
  EXPECT_EQ(files_.Remove(path).code(), kFailed);
  EXPECT_EQ(Slurp(path), "old");
}

TEST_F(RootFilesTest, ImmutableFilesAreNamedAsSuch) {
  const std::string path = Path("file");
  Write(path, "old");
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  int flags = 0;
  ASSERT_EQ(ioctl(fd.get(), FS_IOC_GETFLAGS, &flags), 0);
  flags |= FS_IMMUTABLE_FL;
  ASSERT_EQ(ioctl(fd.get(), FS_IOC_SETFLAGS, &flags), 0);
  ReplaceOptions in_place = Over(path);
  in_place.in_place = true;
  for (const absl::Status& status : {files_.Replace(path, "new", Over(path)),
                                     files_.Replace(path, "new", in_place),
                                     files_.SetOwnership(path, 1, 1, 0600),
                                     files_.Remove(path)}) {
    EXPECT_EQ(status.code(), kFailed);
    EXPECT_THAT(std::string(Message(status)), HasSubstr("immutable"));
  }
  EXPECT_EQ(Slurp(path), "old");
  flags &= ~FS_IMMUTABLE_FL;
  EXPECT_EQ(ioctl(fd.get(), FS_IOC_SETFLAGS, &flags), 0);
}

TEST_F(RootFilesTest, BindMountedFileIsReplacedOnlyInPlace) {
  Write(Path("source"), "old");
  Write(Path("bound"), "hidden");
  ASSERT_EQ(mount(Path("source").c_str(), Path("bound").c_str(), nullptr, MS_BIND, nullptr), 0);
  EXPECT_TRUE(*files_.IsMountPoint(Path("bound")));
  EXPECT_FALSE(*files_.IsMountPoint(Path("source")));
  const absl::Status status = files_.Replace(Path("bound"), "new", Over(Path("bound")));
  EXPECT_EQ(status.code(), kFailed);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("mount point"));
  EXPECT_THAT(std::string(Message(files_.Remove(Path("bound")))), HasSubstr("mount point"));
  ReplaceOptions in_place = Over(Path("bound"));
  in_place.in_place = true;
  ASSERT_TRUE(files_.Replace(Path("bound"), "new", in_place).ok());
  EXPECT_EQ(Slurp(Path("source")), "new");
}

TEST_F(RootFilesTest, RemoveTreeEntersNoOtherFileSystem) {
  MountSmall("size=64k");
  std::filesystem::create_directories(Path("small/below"));
  ASSERT_EQ(mount("inner", Path("small/below").c_str(), "tmpfs", 0, "size=64k"), 0);
  Write(Path("small/below/kept"), "x");
  Write(Path("small/first"), "x");
  EXPECT_EQ(files_.RemoveTree(Path("small"), 100, Deadline::Never()).code(), kFailed);
  EXPECT_EQ(Slurp(Path("small/below/kept")), "x");
  EXPECT_EQ(Slurp(Path("small/first")), "x");
}

}  // namespace
}  // namespace fettle::sys
