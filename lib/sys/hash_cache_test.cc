// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/hash_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include "gtest/gtest.h"

#include "lib/sys/linux_files.h"
#include "lib/sys/temp_dir_for_test.h"

namespace fettle::sys {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

FileStat OldFile(uint64_t inode) {
  FileStat stat;
  stat.kind = FileKind::kRegular;
  stat.device = 5;
  stat.inode = inode;
  stat.size = 10;
  stat.modified_ns = absl::ToUnixNanos(kNow - absl::Hours(1));
  stat.changed_ns = stat.modified_ns;
  return stat;
}

TEST(HashCacheTest, KnowsAFileAsLongAsItsInodeIsInTheSameState) {
  HashCache cache;
  const FileStat stat = OldFile(1);
  cache.Keep(stat, Sha256("a"), kNow);
  ASSERT_TRUE(cache.Find(stat).has_value());
  EXPECT_EQ(*cache.Find(stat), Sha256("a"));
  for (auto change : {+[](FileStat& s) { ++s.device; },
                      +[](FileStat& s) { ++s.inode; },
                      +[](FileStat& s) { ++s.size; },
                      +[](FileStat& s) { ++s.modified_ns; },
                      +[](FileStat& s) { ++s.changed_ns; }}) {
    FileStat other = stat;
    change(other);
    EXPECT_FALSE(cache.Find(other).has_value());
  }
}

TEST(HashCacheTest, DoesNotKeepWhatWasChangedALittleBeforeItWasHashed) {
  HashCache cache;
  for (const absl::Duration age :
       {absl::Seconds(-5), absl::ZeroDuration(), absl::Milliseconds(1999)}) {
    FileStat changed = OldFile(1);
    changed.changed_ns = absl::ToUnixNanos(kNow - age);
    cache.Keep(changed, Sha256("a"), kNow);
    EXPECT_FALSE(cache.Find(changed).has_value());
    FileStat modified = OldFile(1);
    modified.modified_ns = absl::ToUnixNanos(kNow - age);
    cache.Keep(modified, Sha256("a"), kNow);
    EXPECT_FALSE(cache.Find(modified).has_value());
  }
  FileStat settled = OldFile(1);
  settled.changed_ns = absl::ToUnixNanos(kNow - absl::Seconds(2));
  cache.Keep(settled, Sha256("a"), kNow);
  EXPECT_TRUE(cache.Find(settled).has_value());
}

TEST(HashCacheTest, IsBoundedAndForgetsFirstWhatNobodyAsksFor) {
  HashCache cache(1600);
  const FileStat wanted = OldFile(0);
  cache.Keep(wanted, Sha256("wanted"), kNow);
  for (uint64_t inode = 1; inode < 20'000; ++inode) {
    cache.Keep(OldFile(inode), Sha256("x"), kNow);
    ASSERT_TRUE(cache.Find(wanted).has_value()) << inode;
  }
  EXPECT_LE(cache.size(), 1600U);
  EXPECT_FALSE(cache.Find(OldFile(1)).has_value());
}

TEST(HashCacheTest, ComesBackFromWhatItSaved) {
  HashCache cache;
  for (uint64_t inode = 0; inode < 100; ++inode) {
    cache.Keep(OldFile(inode), Sha256(std::to_string(inode)), kNow);
  }
  EXPECT_TRUE(cache.dirty());
  const std::string saved = cache.Save();
  EXPECT_FALSE(cache.dirty());
  HashCache other;
  ASSERT_TRUE(other.Load(saved));
  EXPECT_EQ(other.size(), 100U);
  EXPECT_FALSE(other.dirty());
  EXPECT_EQ(*other.Find(OldFile(42)), Sha256("42"));
}

TEST(HashCacheTest, TakesNothingFromADamagedFile) {
  HashCache cache;
  cache.Keep(OldFile(1), Sha256("a"), kNow);
  const std::string saved = cache.Save();
  HashCache other;
  for (std::size_t at = 0; at < saved.size(); ++at) {
    std::string flipped = saved;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    EXPECT_FALSE(other.Load(flipped)) << at;
    EXPECT_FALSE(other.Load(saved.substr(0, at))) << at;
  }
  EXPECT_FALSE(other.Load(saved + "x"));
  EXPECT_EQ(other.size(), 0U);
}

using HashCacheFileTest = TempDirTest;

TEST_F(HashCacheFileTest, IsUsedByTheNextProcessAndIgnoredWhenOthersCouldWriteIt) {
  { LinuxFiles files("", Path("cache")); }
  EXPECT_FALSE(std::filesystem::exists(Path("cache"))) << "nothing was learnt, nothing is written";

  HashCache planted;
  const std::string target = "/etc/passwd";
  const LinuxFiles plain("", "");
  planted.Keep(*plain.Stat(target), Sha256("planted"), absl::Now() + absl::Seconds(10));
  Write(Path("cache"), planted.Save());
  ASSERT_EQ(chmod(Path("cache").c_str(), 0600), 0);
  const LinuxFiles trusting("", Path("cache"));
  EXPECT_EQ(*trusting.ContentDigest(target, Deadline::Never()), Sha256("planted"));
  ASSERT_EQ(chmod(Path("cache").c_str(), 0620), 0);
  const LinuxFiles careful("", Path("cache"));
  EXPECT_EQ(*careful.ContentDigest(target, Deadline::Never()),
            Sha256(*plain.Read(target, 1 << 20)));
}

TEST_F(HashCacheFileTest, IsWrittenForRootAlone) {
  {
    const LinuxFiles files("", Path("cache"));
    ASSERT_TRUE(files.ContentDigest("/etc/debian_version", Deadline::Never()).ok());
  }
  const LinuxFiles plain("", "");
  const absl::StatusOr<FileStat> stat = plain.Stat(Path("cache"));
  ASSERT_TRUE(stat.ok());
  EXPECT_EQ(stat->mode, 0600U);
  EXPECT_EQ(EntryCount(), 1U);
  HashCache loaded;
  EXPECT_TRUE(loaded.Load(Slurp(Path("cache"))));
  EXPECT_EQ(loaded.size(), 1U);
}

}  // namespace
}  // namespace fettle::sys
