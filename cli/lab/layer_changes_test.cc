// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/layer_changes.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/lab/rehearse.h"
#include "cli/lab/temp_folder_for_test.h"

namespace fettle::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

void Put(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

TEST(LayerChanges, NamesWhatWasWrittenAndDiffersFromTheMachine) {
  const TempFolder folder;
  const std::string& base = folder.path();
  const std::vector<Layer> layers = {{.mount_point = "/",
                                      .lower = base + "/lower",
                                      .upper = base + "/upper",
                                      .work = base + "/work"}};
  Put(base + "/lower/etc/a", "a");
  Put(base + "/lower/etc/same", "same");
  Put(base + "/upper/etc/boot", "noise of the boot");
  const LayerSnapshot before = TakeSnapshot(layers);
  EXPECT_THAT(ChangesSince(before, layers), IsEmpty());
  Put(base + "/upper/etc/a", "b");
  Put(base + "/upper/etc/same", "same");
  Put(base + "/upper/etc/new/file", "n");
  EXPECT_THAT(ChangesSince(before, layers),
              ElementsAre(FileChange{"/etc/a", "changed"},
                          FileChange{"/etc/new", "added"},
                          FileChange{"/etc/new/file", "added"}));
  std::filesystem::remove(base + "/upper/etc/boot");
  EXPECT_EQ(ChangesSince(before, layers)[1], (FileChange{"/etc/boot", "removed"}));
}

TEST(LayerChanges, WhatWasHiddenInTheCloneFromTheBeginningIsNotRemoved) {
  const TempFolder folder;
  const std::string& base = folder.path();
  const std::vector<Layer> layers = {{.mount_point = "/",
                                      .lower = base + "/lower",
                                      .upper = base + "/upper",
                                      .work = base + "/work"}};
  Put(base + "/lower/hidden", "h");
  std::filesystem::create_directories(base + "/upper");
  const std::string mark = base + "/upper/hidden";
  if (mknod(mark.c_str(), S_IFCHR, 0) != 0) {
    EXPECT_EQ(errno, EPERM);
    GTEST_SKIP() << "#3: device nodes cannot be made here";
  }
  EXPECT_THAT(ChangesSince({}, layers), ElementsAre(FileChange{"/hidden", "removed"}));
  LayerSnapshot before = TakeSnapshot(layers);
  ++before["/hidden"].inode;  // Put back meanwhile.
  EXPECT_THAT(ChangesSince(before, layers), IsEmpty());
}

TEST(LayerChanges, TellsBookkeepingFromConfiguration) {
  EXPECT_TRUE(IsBookkeeping("/var/lib/dpkg/status"));
  EXPECT_TRUE(IsBookkeeping("/var/log/journal/x"));
  EXPECT_FALSE(IsBookkeeping("/etc/passwd"));
  EXPECT_FALSE(IsBookkeeping("/var/lib/web/data"));
}

TEST(Rehearsal, ComparesAccountsAndPackagesByName) {
  EXPECT_THAT(AccountChanges("root:x:0\nbob:x:1000\ncarol:x:1001\n",
                             "root:x:0\ncarol:x:2001\nalice:x:1002\n"),
              ElementsAre("added alice", "changed carol", "removed bob"));
  EXPECT_THAT(PackageChanges("Package: a\nStatus: install ok installed\nVersion: 1\n\n"
                             "Package: b\nStatus: install ok installed\nVersion: 1\n\n",
                             "Package: b\nStatus: install ok installed\nVersion: 2\n\n"
                             "Package: c\nStatus: install ok installed\nVersion: 3\n\n"),
              ElementsAre("upgrade b 1 -> 2", "install c 3", "remove a 1"));
}

}  // namespace
}  // namespace fettle::lab
