// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "tests/support/status_matchers.h"

namespace fettle::testing {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FakeFilesTest : public ::testing::Test {
 protected:
  FakeCalls calls_;
  FakeClock clock_;
  FakeFiles files_{calls_, clock_};
};

TEST_F(FakeFilesTest, ReadsBackWhatWasReplaced) {
  files_.PutDirectory("/etc");
  ASSERT_OK(files_.Replace("/etc/motd", "hello\n", {.mode = 0640, .uid = 3, .gid = 4}));
  EXPECT_THAT(files_.Read("/etc/motd", 100), IsOkAndHolds("hello\n"));
  ASSERT_OK_AND_ASSIGN(const sys::FileStat stat, files_.Stat("/etc/motd"));
  EXPECT_EQ(stat.kind, sys::FileKind::kRegular);
  EXPECT_EQ(stat.mode, 0640U);
  EXPECT_EQ(stat.uid, 3U);
  EXPECT_EQ(stat.gid, 4U);
  EXPECT_EQ(stat.size, 6U);
  EXPECT_EQ(stat.links, 1U);
}

TEST_F(FakeFilesTest, ReplacingGivesAnotherInodeAndEditingInPlaceDoesNot) {
  files_.PutFile("/a", "one");
  ASSERT_OK_AND_ASSIGN(const sys::FileStat first, files_.Stat("/a"));
  ASSERT_OK(files_.Replace("/a", "two", {.expected = first}));
  ASSERT_OK_AND_ASSIGN(const sys::FileStat second, files_.Stat("/a"));
  EXPECT_NE(first.inode, second.inode);
  ASSERT_OK(files_.Replace("/a", "three", {.expected = second, .in_place = true}));
  ASSERT_OK_AND_ASSIGN(const sys::FileStat third, files_.Stat("/a"));
  EXPECT_EQ(second.inode, third.inode);
  EXPECT_NE(second.modified_ns, third.modified_ns);
}

TEST_F(FakeFilesTest, RefusesToReplaceWhatSomebodyChangedMeanwhile) {
  files_.PutFile("/a", "one");
  ASSERT_OK_AND_ASSIGN(const sys::FileStat seen, files_.Stat("/a"));
  files_.PutFile("/a", "theirs");
  EXPECT_THAT(files_.Replace("/a", "ours", {.expected = seen}), StatusIs(StatusCode::kAborted));
  EXPECT_EQ(files_.Content("/a"), "theirs");
  EXPECT_THAT(files_.Replace("/a", "ours", {}), StatusIs(StatusCode::kAborted));
}

TEST_F(FakeFilesTest, RefusesWhatARealHostRefuses) {
  files_.PutDirectory("/d");
  files_.PutLink("/l", "/d");
  files_.PutFile("/i", "");
  files_.SetImmutable("/i", true);
  files_.PutFile("/two", "x");
  files_.PutHardLink("/names", "/two");
  files_.PutFile("/m", "");
  files_.Mount("/m");
  files_.PutDirectory("/ro");
  files_.SetReadOnly("/ro");
  for (const char* const path : {"/d", "/i", "/two", "/m", "/ro/x"}) {
    const absl::StatusOr<sys::FileStat> seen = files_.Stat(path);
    sys::ReplaceOptions options;
    options.expected = seen.ok() ? std::optional(*seen) : std::nullopt;
    EXPECT_THAT(files_.Replace(path, "new", options),
                StatusIs(StatusCode::kFailedPrecondition, HasSubstr(path)));
  }
  sys::ReplaceOptions of_another;
  of_another.expected = *files_.Stat("/i");
  EXPECT_THAT(files_.Replace("/l", "new", of_another),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("/l")));
  EXPECT_THAT(files_.Replace("/none/x", "new", {}), StatusIs(StatusCode::kNotFound));
  files_.SetFull(true);
  EXPECT_THAT(files_.Replace("/x", "new", {}),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("space")));
}

TEST_F(FakeFilesTest, ShowsTheNewFileToTheValidatorAndKeepsTheOldOneWhenItRefuses) {
  files_.PutFile("/etc/a", "old");
  ASSERT_OK_AND_ASSIGN(const sys::FileStat seen, files_.Stat("/etc/a"));
  std::string shown;
  sys::ReplaceOptions options{.expected = seen};
  options.validate = [&](const std::string& path) {
    shown = files_.Content(path).value_or("(nothing)");
    return InvalidArgument("wrong");
  };
  EXPECT_THAT(files_.Replace("/etc/a", "new", options), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_EQ(shown, "new");
  EXPECT_EQ(files_.Content("/etc/a"), "old");
  EXPECT_THAT(files_.List("/etc"), IsOkAndHolds(ElementsAre("a")));
}

TEST_F(FakeFilesTest, FollowsLinksAmongTheParentsButNotTheLastOne) {
  files_.PutFile("/usr/lib/x", "x");
  files_.PutLink("/lib", "usr/lib");
  files_.PutLink("/usr/lib/y", "../lib/x");
  EXPECT_THAT(files_.Read("/lib/x", 10), IsOkAndHolds("x"));
  EXPECT_THAT(files_.Read("/lib/y", 10), IsOkAndHolds("x"));
  ASSERT_OK_AND_ASSIGN(const sys::FileStat link, files_.Stat("/lib/y"));
  EXPECT_EQ(link.kind, sys::FileKind::kLink);
  EXPECT_THAT(files_.ReadLink("/lib"), IsOkAndHolds("usr/lib"));
  files_.PutLink("/loop", "/loop");
  EXPECT_THAT(files_.Read("/loop", 10), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(FakeFilesTest, HardLinksShareContentAndCount) {
  files_.PutFile("/a", "one");
  ASSERT_OK(files_.MakeHardLink("/b", "/a"));
  files_.PutFile("/a", "two");
  EXPECT_EQ(files_.Content("/b"), "two");
  ASSERT_OK_AND_ASSIGN(const sys::FileStat stat, files_.Stat("/b"));
  EXPECT_EQ(stat.links, 2U);
}

TEST_F(FakeFilesTest, RemovesOnlyEmptyDirectoriesAndTreesWithinTheirLimit) {
  files_.PutFile("/d/a", "");
  files_.PutFile("/d/b", "");
  EXPECT_THAT(files_.Remove("/d"), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(files_.RemoveTree("/d", 2, Deadline::Never()),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("limit")));
  EXPECT_TRUE(files_.Exists("/d/a"));
  EXPECT_OK(files_.RemoveTree("/d", 3, Deadline::Never()));
  EXPECT_FALSE(files_.Exists("/d"));
  EXPECT_OK(files_.Remove("/d"));
}

TEST_F(FakeFilesTest, DropsWhatWasNotSynced) {
  files_.PutFile("/a", "old");
  files_.PutHardLink("/b", "/a");
  files_.SetUnsynced(true);
  files_.PutFile("/a", "new");
  files_.PutFile("/c", "new");
  files_.SetUnsynced(false);
  files_.DropUnsynced();
  EXPECT_EQ(files_.Content("/b"), "old");
  EXPECT_FALSE(files_.Exists("/c"));
  files_.PutFile("/a", "newer");
  EXPECT_EQ(files_.Content("/b"), "newer");
}

TEST_F(FakeFilesTest, ACrashAmongManyReplacementsLosesThoseMadeSoFarAndTearsNone) {
  files_.PutFile("/a", "old");
  ASSERT_OK_AND_ASSIGN(const sys::FileStat stat, files_.Stat("/a"));
  std::vector<sys::FileReplacement> all = {{"/a", "new", {}}, {"/b", "new", {}}};
  all[0].options.expected = stat;
  calls_.CrashAfterWrite(2);
  files_.ReplaceAll(all);
  EXPECT_TRUE(calls_.crashed());
  files_.DropUnsynced();
  calls_.ClearFaults();
  EXPECT_EQ(files_.Content("/a"), "old");
  EXPECT_FALSE(files_.Exists("/b"));
  EXPECT_THAT(files_.ReplaceAll(all),
              ElementsAre(StatusIs(StatusCode::kOk), StatusIs(StatusCode::kOk)));
  files_.DropUnsynced();
  EXPECT_EQ(files_.Content("/a"), "new");
  EXPECT_EQ(files_.Content("/b"), "new");
}

TEST_F(FakeFilesTest, NamesTheSizeLimitAndTheKind) {
  files_.PutFile("/a", "12345");
  EXPECT_THAT(files_.Read("/a", 4), StatusIs(StatusCode::kFailedPrecondition, HasSubstr("4")));
  EXPECT_THAT(files_.Read("/", 4), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(files_.ReadLink("/a"), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(files_.List("/a"), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(files_.ContentDigest("/a", Deadline::Never()), IsOkAndHolds(Sha256("12345")));
}

}  // namespace
}  // namespace fettle::testing
