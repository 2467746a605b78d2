// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/git.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "lib/sys/linux_commands.h"
#include "lib/sys/linux_files.h"

namespace fettle::cli {
namespace {

class GitTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/fettle-git-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }

  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Git(const std::vector<std::string>& words) const {
    sys::Command command;
    command.argv = {"git"};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    command.directory = folder_;
    const auto done = sys::RunCommand(command, Deadline::After(absl::Minutes(1)));
    ASSERT_TRUE(done.ok()) << done.status();
    ASSERT_EQ(done->exit_code, 0) << done->Tail();
  }

  void Commit(const std::string& file) const {
    Write(file);
    Git({"init", "-q"});
    Git({"config", "user.name", "A. Author"});
    Git({"config", "user.email", "author@test"});
    Git({"add", "."});
    Git({"commit", "-q", "-m", "first"});
  }

  void Write(const std::string& file) const {
    sys::LinuxFiles files("", "");
    sys::ReplaceOptions options;
    options.uid = geteuid();
    options.gid = getegid();
    ASSERT_TRUE(files.Replace(folder_ + "/" + file, file, options).ok());
  }

  std::string folder_;
};

TEST_F(GitTest, AFolderOutsideGitIsNoWorkTree) {
  const auto state = ReadGit(folder_);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_FALSE(state->work_tree);
  EXPECT_EQ(state->commit, "");
}

TEST_F(GitTest, AWorkTreeWithoutACommitIsNone) {
  Git({"init", "-q"});
  const auto state = ReadGit(folder_);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_FALSE(state->work_tree);
}

TEST_F(GitTest, ACommitIsNamedWithItsAuthor) {
  Commit("fleet.lua");
  const auto state = ReadGit(folder_);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_TRUE(state->work_tree);
  EXPECT_EQ(state->commit.size(), 40U);
  EXPECT_FALSE(state->dirty);
  EXPECT_EQ(state->author, "A. Author <author@test>");
}

TEST_F(GitTest, AFileThatIsNotInTheCommitMakesItDirty) {
  Commit("fleet.lua");
  Write("extra.lua");
  EXPECT_TRUE(ReadGit(folder_)->dirty);
}

}  // namespace
}  // namespace fettle::cli
