// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/errno.h"

#include <cerrno>

#include "gtest/gtest.h"

#include "lib/base/status_macros.h"

namespace fettle::sys {
namespace {

TEST(ErrnoTest, GivesEachErrorItsOneCode) {
  struct Case {
    int error;
    absl::StatusCode code;
  };

  for (const Case& each : {Case{ENOENT, absl::StatusCode::kNotFound},
                           Case{ENOTDIR, absl::StatusCode::kNotFound},
                           Case{EACCES, absl::StatusCode::kPermissionDenied},
                           Case{EPERM, absl::StatusCode::kPermissionDenied},
                           Case{EROFS, absl::StatusCode::kFailedPrecondition},
                           Case{ENOSPC, absl::StatusCode::kFailedPrecondition},
                           Case{EDQUOT, absl::StatusCode::kFailedPrecondition},
                           Case{EBUSY, absl::StatusCode::kFailedPrecondition},
                           Case{EMFILE, absl::StatusCode::kUnavailable},
                           Case{EINVAL, absl::StatusCode::kInvalidArgument},
                           Case{EBADF, absl::StatusCode::kInternal}}) {
    EXPECT_EQ(ErrnoStatus(each.error, "read", "/x").code(), each.code) << ErrnoText(each.error);
  }
}

TEST(ErrnoTest, SaysWhatWhereAndWhy) {
  EXPECT_EQ(Message(ErrnoStatus(ENOENT, "read", "/etc/x")),
            "cannot read /etc/x: No such file or directory");
}

TEST(ErrnoTest, NamesTheFileSystemThatIsFull) {
  const absl::Status status = ErrnoStatus(ENOSPC, "write", "/proc/self/no/such/thing");
  EXPECT_NE(Message(status).find("(file system /proc (proc on "), std::string::npos) << status;
}

TEST(ErrnoTest, DescribesAMountByItsId) {
  constexpr std::string_view kMounts =
      "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
      "23 22 8:1 / /boot ro,relatime - vfat /dev/sda1 ro\n"
      "24 22 0:5 / /odd rw shared:2 master:1 propagate_from:3 - tmpfs none rw\n"
      "25 22 broken\n";
  EXPECT_EQ(DescribeMount(kMounts, 22), "/ (ext4 on /dev/vda)");
  EXPECT_EQ(DescribeMount(kMounts, 23), "/boot (vfat on /dev/sda1, read-only)");
  EXPECT_EQ(DescribeMount(kMounts, 24), "/odd (tmpfs on none)");
  EXPECT_EQ(DescribeMount(kMounts, 25), "");
  EXPECT_EQ(DescribeMount(kMounts, 2), "");
}

}  // namespace
}  // namespace fettle::sys
