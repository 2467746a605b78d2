// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/mounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::lab {
namespace {

using ::testing::ElementsAre;

TEST(ParseMountInfoTest, ReadsPointAndTypeWithAnyNumberOfOptionalFields) {
  const std::vector<Mount> mounts = ParseMountInfo(
      "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
      "25 22 0:5 / /a\\040b rw shared:1 master:2 - tmpfs tmpfs rw\n"
      "garbage\n");
  ASSERT_EQ(mounts.size(), 2U);
  EXPECT_EQ(mounts[0].point, "/");
  EXPECT_EQ(mounts[0].type, "ext4");
  EXPECT_EQ(mounts[1].point, "/a b");
  EXPECT_EQ(mounts[1].type, "tmpfs");
}

TEST(ClonedMountPointsTest, IsTheRootAlwaysAndOnce) {
  EXPECT_THAT(ClonedMountPoints({}), ElementsAre("/"));
  EXPECT_THAT(ClonedMountPoints({{.point = "/", .type = "ext4"}}), ElementsAre("/"));
}

TEST(ClonedMountPointsTest, AddsDisksBelowTheSystemsFoldersParentsFirst) {
  EXPECT_THAT(ClonedMountPoints({{.point = "/var/lib", .type = "xfs"},
                                 {.point = "/", .type = "ext4"},
                                 {.point = "/var", .type = "ext4"},
                                 {.point = "/usr", .type = "btrfs"}}),
              ElementsAre("/", "/usr", "/var", "/var/lib"));
}

TEST(ClonedMountPointsTest, LeavesOutMemoryKernelAndForeignMounts) {
  EXPECT_THAT(ClonedMountPoints({{.point = "/var/tmp", .type = "tmpfs"},
                                 {.point = "/variant", .type = "ext4"},
                                 {.point = "/mnt/backup", .type = "ext4"},
                                 {.point = "/home", .type = "nfs4"},
                                 {.point = "/run/fettle-lab/a/b/root", .type = "overlay"}}),
              ElementsAre("/"));
}

TEST(LayersOfTest, GivesEachMountPointFoldersOfItsOwn) {
  const std::vector<Layer> layers = LayersOf("/run/h", {"/", "/var"});
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[1].mount_point, "/var");
  EXPECT_EQ(layers[1].lower, "/var");
  EXPECT_EQ(layers[1].upper, "/run/h/disk/1/upper");
  EXPECT_NE(layers[0].work, layers[1].work);
}

}  // namespace
}  // namespace fettle::lab
