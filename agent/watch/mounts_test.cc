// SPDX-License-Identifier: Apache-2.0
#include "agent/watch/mounts.h"

#include <gmock/gmock.h>

namespace fettle::watch {
namespace {

constexpr char kBefore[] =
    "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
    "23 22 0:21 / /proc rw - proc proc rw\n";
constexpr char kAfter[] =
    "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
    "23 22 0:21 / /proc rw - proc proc rw\n"
    "24 22 0:30 / /etc/app rw - tmpfs tmpfs rw\n";

TEST(MountsTest, AMountOnTheWayToAPathConcernsIt) {
  const auto before = MountPoints(kBefore);
  const auto after = MountPoints(kAfter);
  EXPECT_EQ(after.size(), 3U);
  EXPECT_TRUE(MountsConcern(before, after, {"/etc/app/file"}));
  EXPECT_TRUE(MountsConcern(after, before, {"/etc/app"}));
  EXPECT_FALSE(MountsConcern(before, after, {"/etc/apple", "/etc/motd"}));
  EXPECT_FALSE(MountsConcern(after, after, {"/etc/app/file"}));
}

TEST(MountsTest, AnotherMountAtTheSamePlaceIsAChange) {
  const auto one = MountPoints("24 22 0:30 / /srv rw - tmpfs tmpfs rw\n");
  const auto other = MountPoints("31 22 0:31 / /srv rw - tmpfs tmpfs rw\n");
  EXPECT_TRUE(MountsConcern(one, other, {"/srv/a"}));
}

}  // namespace
}  // namespace fettle::watch
