// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/linux_files.h"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "gmock/gmock.h"

#include "lib/base/status_macros.h"
#include "lib/sys/temp_dir_for_test.h"

namespace fettle::sys {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kFailed = absl::StatusCode::kFailedPrecondition;

class LinuxFilesTest : public TempDirTest {
 protected:
  ReplaceOptions Mine(uint32_t mode = 0644) {
    ReplaceOptions options;
    options.mode = mode;
    options.uid = geteuid();
    options.gid = getegid();
    return options;
  }

  // Options that expect what is at `path` now.
  ReplaceOptions Over(const std::string& path, uint32_t mode = 0644) {
    ReplaceOptions options = Mine(mode);
    options.expected = *files_.Stat(path);
    return options;
  }

  LinuxFiles files_{"", ""};
};

TEST_F(LinuxFilesTest, StatSaysWhatIsThereWithoutFollowingALink) {
  Write(Path("file"), "abc");
  ASSERT_EQ(symlink("file", Path("link").c_str()), 0);
  ASSERT_EQ(chmod(Path("file").c_str(), 04751), 0);
  const absl::StatusOr<FileStat> file = files_.Stat(Path("file"));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->kind, FileKind::kRegular);
  EXPECT_EQ(file->mode, 04751U);
  EXPECT_EQ(file->size, 3U);
  EXPECT_EQ(file->links, 1U);
  EXPECT_EQ(files_.Stat(Path("link"))->kind, FileKind::kLink);
  EXPECT_EQ(files_.Stat(directory())->kind, FileKind::kDirectory);
  EXPECT_EQ(files_.Stat("/dev/null")->kind, FileKind::kOther);
}

TEST_F(LinuxFilesTest, StatSaysNotFoundAlsoBelowAFile) {
  Write(Path("file"), "");
  EXPECT_EQ(files_.Stat(Path("none")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(files_.Stat(Path("file/below")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(files_.Stat("relative").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(LinuxFilesTest, ReadsContentThroughALink) {
  const std::string content("a\0b\r\n\xff", 6);
  Write(Path("file"), content);
  ASSERT_EQ(symlink("file", Path("link").c_str()), 0);
  EXPECT_EQ(*files_.Read(Path("link"), 100), content);
  EXPECT_EQ(*files_.ReadLink(Path("link")), "file");
}

TEST_F(LinuxFilesTest, ReadsFilesWhoseSizeTheKernelDoesNotTell) {
  EXPECT_THAT(*files_.Read("/proc/self/status", 1 << 20), HasSubstr("Name:"));
  EXPECT_TRUE(files_.ContentDigest("/proc/version", Deadline::Never()).ok());
}

TEST_F(LinuxFilesTest, RemovesWhatAKilledReplaceLeftAndNothingElse) {
  const std::string left = ".fettle-0123456789abcdef.tmp~";
  Write(Path(left), "half");
  Write(Path(".fettle-mine.tmp~"), "stays");
  Write(Path("file"), "stays");
  EXPECT_EQ(*files_.RemoveTemporaries(Path("")), 1U);
  EXPECT_THAT(*files_.List(Path("")), ElementsAre(".fettle-mine.tmp~", "file"));
  EXPECT_EQ(*files_.RemoveTemporaries(Path("no-such-directory")), 0U);
}

TEST_F(LinuxFilesTest, ReadRefusesWhatIsTooLargeOrNoFile) {
  Write(Path("file"), "12345");
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(*files_.Read(Path("file"), 5), "12345");
  EXPECT_EQ(files_.Read(Path("file"), 4).status().code(), kFailed);
  EXPECT_EQ(files_.Read("/proc/self/status", 4).status().code(), kFailed);
  EXPECT_EQ(files_.Read(directory(), 4).status().code(), kFailed);
  EXPECT_EQ(files_.Read(Path("pipe"), 4).status().code(), kFailed);
  EXPECT_EQ(files_.Read(Path("none"), 4).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(files_.ReadLink(Path("file")).status().code(), kFailed);
}

TEST_F(LinuxFilesTest, DigestsFilesOfAllSizes) {
  for (const std::size_t size : {0UL, 1UL, 65535UL, 65536UL, 65537UL, 300000UL}) {
    const std::string content(size, 'x');
    Write(Path("file"), content);
    const absl::StatusOr<Digest> digest = files_.ContentDigest(Path("file"), Deadline::Never());
    ASSERT_TRUE(digest.ok());
    EXPECT_EQ(*digest, Sha256(content)) << size;
  }
}

TEST_F(LinuxFilesTest, DigestSeesAChangeMadeAtOnceWithTheSameSize) {
  Write(Path("file"), "one");
  EXPECT_EQ(*files_.ContentDigest(Path("file"), Deadline::Never()), Sha256("one"));
  Write(Path("file"), "two");
  EXPECT_EQ(*files_.ContentDigest(Path("file"), Deadline::Never()), Sha256("two"));
}

TEST_F(LinuxFilesTest, AKnownDigestIsAnsweredWithoutReadingTheFile) {
  const std::string old = "/etc/debian_version";  // Young states are not kept.
  const Digest digest = *files_.ContentDigest(old, Deadline::Never());
  const FileStat seen = *files_.Stat(old);
  EXPECT_EQ(*files_.DigestOf(Path("none"), seen, Deadline::Never()), digest);
  files_.ForgetDigests();
  EXPECT_EQ(files_.DigestOf(Path("none"), seen, Deadline::Never()).status().code(),
            absl::StatusCode::kNotFound);
}

std::vector<FileReplacement> Many(const std::string& folder, std::size_t count) {
  std::vector<FileReplacement> files(count);
  for (std::size_t i = 0; i < count; ++i) {
    files[i].path = folder + "/f" + std::to_string(i);
    files[i].content = "content " + std::to_string(i);
    files[i].options.uid = geteuid();
    files[i].options.gid = getegid();
    files[i].options.mode = 0640;
  }
  return files;
}

TEST_F(LinuxFilesTest, ReplacesManyFilesFewOrMoreThanAreHeldOpenAtOnce) {
  for (const std::size_t count : {1UL, 16UL, 600UL}) {
    const std::vector<FileReplacement> many = Many(Path(std::to_string(count)), count);
    ASSERT_EQ(mkdir(Path(std::to_string(count)).c_str(), 0755), 0);
    const std::vector<absl::Status> done = files_.ReplaceAll(many);
    ASSERT_EQ(done.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_TRUE(done[i].ok()) << done[i];
      EXPECT_EQ(Slurp(many[i].path), many[i].content);
      EXPECT_EQ(files_.Stat(many[i].path)->mode, 0640U);
    }
    EXPECT_EQ(files_.List(Path(std::to_string(count)))->size(), count) << "temporaries remain";
  }
}

TEST_F(LinuxFilesTest, AmongManyAFileThatFailsStopsNobodyElse) {
  std::vector<FileReplacement> many = Many(directory(), 40);
  Write(many[3].path, "has appeared");
  many[5].path = Path("none/f");
  many[7].options.expected = *files_.Stat("/etc/passwd");
  bool validated = false;
  many[9].options.validate = [&](const std::string& temporary) {
    validated = Slurp(temporary) == many[9].content && Slurp(many[8].path) == many[8].content &&
                !files_.Stat(many[10].path).ok();
    return absl::FailedPreconditionError("no");
  };
  const std::vector<absl::Status> done = files_.ReplaceAll(many);
  for (std::size_t i = 0; i < many.size(); ++i) {
    EXPECT_EQ(done[i].ok(), i != 3 && i != 5 && i != 7 && i != 9) << i << ": " << done[i];
  }
  EXPECT_TRUE(validated) << "the validator looks when those before it are in place";
  EXPECT_EQ(Slurp(many[3].path), "has appeared");
  EXPECT_EQ(EntryCount(), 37U);
}

TEST_F(LinuxFilesTest, ListsNamesSorted) {
  Write(Path("b"), "");
  Write(Path(".a"), "");
  Write(Path("c"), "");
  EXPECT_THAT(*files_.List(directory()), ElementsAre(".a", "b", "c"));
  EXPECT_EQ(files_.List(Path("b")).status().code(), kFailed);
  EXPECT_EQ(files_.List(Path("none")).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(LinuxFilesTest, ReplaceMakesANewFileWithItsMode) {
  ASSERT_TRUE(files_.Replace(Path("new"), "content", Mine(04750)).ok());
  EXPECT_EQ(Slurp(Path("new")), "content");
  EXPECT_EQ(files_.Stat(Path("new"))->mode, 04750U);
  EXPECT_EQ(EntryCount(), 1U);
}

TEST_F(LinuxFilesTest, ReplaceSwapsTheInodeSoThatReadersKeepTheOldContent) {
  Write(Path("file"), "old");
  std::ifstream reader(Path("file"));
  ASSERT_TRUE(files_.Replace(Path("file"), "new", Over(Path("file"))).ok());
  std::string seen;
  reader >> seen;
  EXPECT_EQ(seen, "old");
  EXPECT_EQ(Slurp(Path("file")), "new");
  EXPECT_EQ(EntryCount(), 1U);
}

TEST_F(LinuxFilesTest, ReplaceIsAbortedWhenSomeoneElseWasThere) {
  Write(Path("file"), "old");
  const ReplaceOptions over = Over(Path("file"));
  Write(Path("file"), "foreign");
  EXPECT_EQ(files_.Replace(Path("file"), "new", over).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(files_.Replace(Path("file"), "new", Mine()).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Slurp(Path("file")), "foreign");
  unlink(Path("file").c_str());
  EXPECT_EQ(files_.Replace(Path("file"), "new", over).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(EntryCount(), 0U);
}

TEST_F(LinuxFilesTest, ReplaceLooksAgainRightBeforeTheSwap) {
  Write(Path("file"), "old");
  ReplaceOptions over = Over(Path("file"));
  over.validate = [&](const std::string&) {
    Write(Path("file"), "foreign");
    return absl::OkStatus();
  };
  EXPECT_EQ(files_.Replace(Path("file"), "new", over).code(), absl::StatusCode::kAborted);
  ReplaceOptions fresh = Mine();
  fresh.validate = [&](const std::string&) {
    Write(Path("other"), "foreign");
    return absl::OkStatus();
  };
  EXPECT_EQ(files_.Replace(Path("other"), "new", fresh).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Slurp(Path("file")), "foreign");
  EXPECT_EQ(Slurp(Path("other")), "foreign");
  EXPECT_EQ(EntryCount(), 2U);
}

TEST_F(LinuxFilesTest, ReplaceShowsTheCompleteNewFileToTheCheckAndObeysIt) {
  Write(Path("file"), "old");
  ReplaceOptions over = Over(Path("file"), 0640);
  std::string seen;
  uint32_t mode = 0;
  over.validate = [&](const std::string& temporary) {
    seen = Slurp(temporary);
    mode = files_.Stat(temporary)->mode;
    return InvalidArgument("not good");
  };
  const absl::Status status = files_.Replace(Path("file"), "new", over);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(seen, "new");
  EXPECT_EQ(mode, 0640U);
  EXPECT_EQ(Slurp(Path("file")), "old");
  EXPECT_EQ(EntryCount(), 1U);
}

TEST_F(LinuxFilesTest, AFileTakesThePlaceOfALinkOrPipeThatItsWriterExpects) {
  Write(Path("target"), "kept");
  ASSERT_EQ(symlink("target", Path("link").c_str()), 0);
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  for (const char* name : {"link", "pipe"}) {
    EXPECT_TRUE(files_.Replace(Path(name), "new", Over(Path(name), 0640)).ok()) << name;
    EXPECT_EQ(files_.Stat(Path(name))->kind, FileKind::kRegular) << name;
    EXPECT_EQ(files_.Stat(Path(name))->mode, 0640U) << name;
    EXPECT_EQ(Slurp(Path(name)), "new") << name;
  }
  EXPECT_EQ(Slurp(Path("target")), "kept");
}

TEST_F(LinuxFilesTest, ReplaceRefusesWhatIsNoPlainFile) {
  ASSERT_EQ(mkdir(Path("dir").c_str(), 0755), 0);
  Write(Path("target"), "kept");
  ASSERT_EQ(symlink("target", Path("link").c_str()), 0);
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  for (const char* name : {"dir", "link", "pipe"}) {
    ReplaceOptions over = Over(Path(name));
    over.in_place = true;
    EXPECT_EQ(files_.Replace(Path(name), "new", over).code(), kFailed) << name;
    EXPECT_EQ(files_.Replace(Path(name), "new", Over(Path("target"))).code(), kFailed) << name;
  }
  EXPECT_EQ(files_.Replace(Path("dir"), "new", Over(Path("dir"))).code(), kFailed);
  EXPECT_EQ(Slurp(Path("target")), "kept");
  EXPECT_EQ(files_.Replace(Path("none/file"), "new", Mine()).code(), absl::StatusCode::kNotFound);
}

TEST_F(LinuxFilesTest, ReplaceRefusesHardLinksUnlessInPlace) {
  Write(Path("one"), "old content");
  ASSERT_EQ(link(Path("one").c_str(), Path("two").c_str()), 0);
  const absl::Status status = files_.Replace(Path("one"), "new", Over(Path("one")));
  EXPECT_EQ(status.code(), kFailed);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("2 hard links"));
  ReplaceOptions over = Over(Path("one"), 0600);
  over.in_place = true;
  ASSERT_TRUE(files_.Replace(Path("one"), "new", over).ok());
  EXPECT_EQ(Slurp(Path("two")), "new");
  EXPECT_EQ(files_.Stat(Path("two"))->mode, 0600U);
  EXPECT_EQ(files_.Stat(Path("two"))->links, 2U);
}

TEST_F(LinuxFilesTest, InPlaceChecksBeforeItWrites) {
  Write(Path("file"), "old");
  ReplaceOptions over = Over(Path("file"));
  over.in_place = true;
  over.validate = [](const std::string&) { return InvalidArgument("not good"); };
  EXPECT_EQ(files_.Replace(Path("file"), "new", over).code(), absl::StatusCode::kInvalidArgument);
  over.validate = nullptr;
  over.expected->size = 99;
  EXPECT_EQ(files_.Replace(Path("file"), "new", over).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Slurp(Path("file")), "old");
  EXPECT_EQ(EntryCount(), 1U);
}

TEST_F(LinuxFilesTest, ReplaceKeepsExtendedAttributes) {
  Write(Path("file"), "old");
  if (setxattr(Path("file").c_str(), "user.origin", "here", 4, 0) != 0) {
    ASSERT_EQ(errno, EOPNOTSUPP);  // The file system of the temporary folder has none to keep.
    return;
  }
  ASSERT_TRUE(files_.Replace(Path("file"), "new", Over(Path("file"))).ok());
  char value[8] = {};
  EXPECT_EQ(getxattr(Path("file").c_str(), "user.origin", value, sizeof value), 4);
  EXPECT_STREQ(value, "here");
}

TEST_F(LinuxFilesTest, SetOwnershipChangesTheMode) {
  Write(Path("file"), "");
  ASSERT_TRUE(files_.SetOwnership(Path("file"), std::nullopt, std::nullopt, 02711).ok());
  EXPECT_EQ(files_.Stat(Path("file"))->mode, 02711U);
  ASSERT_EQ(symlink("file", Path("link").c_str()), 0);
  EXPECT_EQ(files_.SetOwnership(Path("link"), std::nullopt, std::nullopt, 0600).code(), kFailed);
  EXPECT_EQ(files_.Stat(Path("file"))->mode, 02711U);
  EXPECT_EQ(files_.SetOwnership(Path("none"), std::nullopt, std::nullopt, 0600).code(),
            absl::StatusCode::kNotFound);
}

TEST_F(LinuxFilesTest, MakesADirectoryWithExactlyItsModeWhateverTheUmask) {
  const mode_t before = umask(077);
  EXPECT_TRUE(files_.MakeDirectory(Path("dir"), 02775, geteuid(), getegid()).ok());
  umask(before);
  EXPECT_EQ(files_.Stat(Path("dir"))->mode, 02775U);
  EXPECT_EQ(files_.MakeDirectory(Path("dir"), 0755, geteuid(), getegid()).code(), kFailed);
  EXPECT_EQ(files_.MakeDirectory(Path("a/b"), 0755, geteuid(), getegid()).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(EntryCount(), 1U);
}

TEST_F(LinuxFilesTest, MakesAndReplacesLinksButNothingElse) {
  ASSERT_TRUE(files_.MakeLink(Path("link"), "one").ok());
  ASSERT_TRUE(files_.MakeLink(Path("link"), "/two").ok());
  EXPECT_EQ(*files_.ReadLink(Path("link")), "/two");
  Write(Path("file"), "kept");
  EXPECT_EQ(files_.MakeLink(Path("file"), "one").code(), kFailed);
  EXPECT_EQ(files_.MakeLink(directory(), "one").code(), kFailed);
  EXPECT_EQ(Slurp(Path("file")), "kept");
  EXPECT_EQ(EntryCount(), 2U);
}

TEST_F(LinuxFilesTest, MakesHardLinksAndLeavesNothingBehindWhenTheyWereThere) {
  Write(Path("one"), "content");
  Write(Path("two"), "other");
  ASSERT_TRUE(files_.MakeHardLink(Path("two"), Path("one")).ok());
  ASSERT_TRUE(files_.MakeHardLink(Path("two"), Path("one")).ok());
  ASSERT_TRUE(files_.MakeHardLink(Path("three"), Path("one")).ok());
  EXPECT_EQ(Slurp(Path("two")), "content");
  EXPECT_EQ(files_.Stat(Path("one"))->links, 3U);
  EXPECT_EQ(EntryCount(), 3U);
  EXPECT_EQ(files_.MakeHardLink(directory(), Path("one")).code(), kFailed);
  EXPECT_EQ(files_.MakeHardLink(Path("four"), Path("none")).code(), absl::StatusCode::kNotFound);
}

TEST_F(LinuxFilesTest, RemovesFilesLinksAndEmptyDirectories) {
  Write(Path("file"), "");
  ASSERT_EQ(mkdir(Path("dir").c_str(), 0755), 0);
  ASSERT_EQ(symlink("dir", Path("link").c_str()), 0);
  for (const char* name : {"file", "link", "dir", "none", "none/below"}) {
    EXPECT_TRUE(files_.Remove(Path(name)).ok()) << name;
  }
  EXPECT_EQ(EntryCount(), 0U);
  ASSERT_EQ(mkdir(Path("dir").c_str(), 0755), 0);
  Write(Path("dir/file"), "");
  EXPECT_EQ(files_.Remove(Path("dir")).code(), kFailed);
}

TEST_F(LinuxFilesTest, RemoveTreeFollowsNoLinkAndCountsFirst) {
  Write(Path("outside"), "kept");
  std::filesystem::create_directories(Path("tree/a/b"));
  Write(Path("tree/a/b/file"), "");
  ASSERT_EQ(symlink("..", Path("tree/a/up").c_str()), 0);
  ASSERT_EQ(symlink("../outside", Path("tree/out").c_str()), 0);
  const Deadline deadline = Deadline::Never();
  EXPECT_EQ(files_.RemoveTree(Path("tree"), 5, deadline).code(), kFailed);
  EXPECT_TRUE(files_.Stat(Path("tree/a/b/file")).ok());
  EXPECT_EQ(files_.RemoveTree(Path("tree"), 6, Deadline::Expired()).code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(files_.Stat(Path("tree/a/b/file")).ok());
  EXPECT_TRUE(files_.RemoveTree(Path("tree"), 6, deadline).ok());
  EXPECT_TRUE(files_.RemoveTree(Path("tree"), 6, deadline).ok());
  EXPECT_EQ(files_.RemoveTree(Path("outside"), 6, deadline).code(), kFailed);
  EXPECT_EQ(Slurp(Path("outside")), "kept");
  EXPECT_EQ(EntryCount(), 1U);
}

TEST_F(LinuxFilesTest, WorksBelowItsRoot) {
  ASSERT_EQ(mkdir(Path("etc").c_str(), 0755), 0);
  LinuxFiles below(directory(), "");
  ASSERT_TRUE(below.Replace("/etc/file", "content", Mine()).ok());
  EXPECT_EQ(Slurp(Path("etc/file")), "content");
  EXPECT_EQ(*below.Read("/etc/file", 100), "content");
  EXPECT_EQ(*below.ContentDigest("/etc/file", Deadline::Never()), Sha256("content"));
}

}  // namespace
}  // namespace fettle::sys
