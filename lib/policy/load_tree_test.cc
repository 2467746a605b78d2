// SPDX-License-Identifier: Apache-2.0
#include "lib/policy/load_tree.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/ids.h"
#include "tests/support/status_matchers.h"

namespace fettle::policy {
namespace {

using ::fettle::testing::IsOk;
using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

class LoadTreeTest : public ::testing::Test {
 protected:
  LoadTreeTest() : root_(fs::path(::testing::TempDir()) / ("tree-" + NewId())) {
    fs::create_directories(root_);
  }

  ~LoadTreeTest() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

  void Write(const std::string& path, const std::string& content) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << content;
  }

  fs::path root_;
};

TEST_F(LoadTreeTest, TakesFilesWithTheirContentAndExecutableBit) {
  Write("fleet.lua", "include 'a'\n");
  Write("recipes/a/files/run.sh", "#!/bin/sh\n");
  fs::permissions(root_ / "recipes/a/files/run.sh", fs::perms::owner_all);
  const auto tree = LoadTree(root_);
  ASSERT_THAT(tree, IsOk());
  ASSERT_EQ(tree->files().size(), 2U);
  EXPECT_EQ(tree->Find("fleet.lua")->content, "include 'a'\n");
  EXPECT_FALSE(tree->Find("fleet.lua")->executable);
  EXPECT_TRUE(tree->Find("recipes/a/files/run.sh")->executable);
  EXPECT_EQ(tree->total_bytes(), 22U);
}

TEST_F(LoadTreeTest, LeavesOutWhatVersionControlKeeps) {
  Write("fleet.lua", "");
  Write(".git/config", "x");
  Write("recipes/.svn/entries", "x");
  Write(".gitignore", "x");
  const auto tree = LoadTree(root_);
  ASSERT_THAT(tree, IsOk());
  EXPECT_EQ(tree->files().size(), 2U);
  EXPECT_NE(tree->Find(".gitignore"), nullptr);
}

TEST_F(LoadTreeTest, RefusesLinksNamingThem) {
  Write("fleet.lua", "");
  fs::create_symlink("/etc/shadow", root_ / "shadow");
  EXPECT_THAT(LoadTree(root_), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("/shadow")));
}

TEST_F(LoadTreeTest, RefusesLinkedDirectories) {
  fs::create_directory_symlink("/etc", root_ / "etc");
  EXPECT_THAT(LoadTree(root_), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("link")));
}

TEST_F(LoadTreeTest, RefusesPipes) {
  ASSERT_EQ(mkfifo((root_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(LoadTree(root_), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("pipe")));
}

TEST_F(LoadTreeTest, RefusesNamesThatAreNotText) {
  Write("a\xff", "x");
  EXPECT_THAT(LoadTree(root_), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a?")));
}

TEST_F(LoadTreeTest, RefusesALargeFileNamingIt) {
  Write("big.bin", "");
  fs::resize_file(root_ / "big.bin", kMaxFileBytes + 1);
  EXPECT_THAT(LoadTree(root_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("big.bin has 16777217")));
}

TEST_F(LoadTreeTest, SaysThatThereIsNoDirectory) {
  EXPECT_THAT(LoadTree(root_ / "none"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
}

TEST(TreeTest, RefusesPathsThatLeaveItOrCannotBeShown) {
  for (const std::string& path : {std::string(),
                                  std::string("/etc/passwd"),
                                  std::string("../x"),
                                  std::string("a/../b"),
                                  std::string("a/./b"),
                                  std::string("a//b"),
                                  std::string("a/"),
                                  std::string("a\nb"),
                                  std::string("a\0b", 3),
                                  std::string("\xc0\xaf"),
                                  std::string(kMaxPathBytes + 1, 'a')}) {
    Tree tree;
    EXPECT_THAT(tree.Add(path, ""), StatusIs(absl::StatusCode::kInvalidArgument)) << path;
  }
}

TEST(TreeTest, RefusesAPathThatIsFileAndDirectory) {
  Tree tree;
  ASSERT_THAT(tree.Add("a/b", ""), IsOk());
  EXPECT_THAT(tree.Add("a", ""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(tree.Add("a/b/c", ""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(tree.Add("a/b", ""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(tree.Add("a-b", ""), IsOk());
}

TEST(TreeTest, BoundsItsTotalSize) {
  Tree tree;
  for (int i = 0; i < 16; ++i) {
    ASSERT_THAT(tree.Add(std::to_string(i), std::string(kMaxFileBytes, 'x')), IsOk());
  }
  EXPECT_THAT(tree.Add("last", "x"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("last")));
}

}  // namespace
}  // namespace fettle::policy
