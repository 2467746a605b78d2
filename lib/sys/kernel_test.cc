// SPDX-License-Identifier: Apache-2.0
#include "gtest/gtest.h"

#include "lib/sys/linux_kernel.h"

namespace fettle::sys {
namespace {

TEST(SysctlTest, FindsTheFileOfAKey) {
  struct Case {
    const char* key;
    const char* path;
  };

  for (const Case& each :
       {Case{"net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"},
        Case{"net.ipv4.conf.eth0/1.forwarding", "/proc/sys/net/ipv4/conf/eth0.1/forwarding"},
        Case{"net/ipv4/conf/eth0.1/forwarding", "/proc/sys/net/ipv4/conf/eth0.1/forwarding"},
        Case{"single", "/proc/sys/single"}}) {
    EXPECT_EQ(*SysctlPath(each.key), each.path);
  }
}

TEST(SysctlTest, LeavesProcSysForNoKey) {
  for (const char* key : {"", ".", "a..b", "../etc/passwd", "a/../b", "/etc/passwd", "a/", ".a"}) {
    EXPECT_EQ(SysctlPath(key).status().code(), absl::StatusCode::kInvalidArgument) << key;
  }
}

TEST(SysctlTest, ShowsValuesInOneForm) {
  EXPECT_EQ(CanonicalSysctl("4096\t131072\t  6291456\n"), "4096 131072 6291456");
  EXPECT_EQ(CanonicalSysctl(" 1 \n"), "1");
  EXPECT_EQ(CanonicalSysctl("\n"), "");
}

TEST(SysctlTest, ReadsTheKernelsOwnAndSaysWhatIsMissing) {
  const LinuxKernel kernel;
  EXPECT_EQ(*kernel.Sysctl("kernel.ostype"), "Linux");
  EXPECT_EQ(kernel.Sysctl("kernel.no_such_key").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(kernel.Sysctl("kernel").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(LinuxKernel().SetSysctl("kernel.no_such_key", "1").code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace fettle::sys
