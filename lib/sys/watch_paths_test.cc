// SPDX-License-Identifier: Apache-2.0
// What the public bug lists of others say about watching files, on real files.
#include "lib/sys/watch_paths.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "lib/sys/temp_dir_for_test.h"

namespace fettle::sys {
namespace {

namespace fs = std::filesystem;

// Once by fanotify (as far as the kernel and our rights allow), once by inotify alone.
class PathWatchTest : public TempDirTest, public testing::WithParamInterface<bool> {
 protected:
  PathWatchTest() : watch_(Options()) {}

  static WatchMarks::Options Options() {
    WatchMarks::Options options;
    options.fanotify = GetParam();
    return options;
  }

  // The paths of which something was told since; everything when events were lost.
  std::set<std::string> Told() {
    std::vector<PathEvent> events;
    lost_ = watch_.Read(&events);
    std::set<std::string> told;
    for (const PathEvent& event : events) {
      if (event.path != PathEvent::kNeighbour) {
        told.insert(watch_.paths()[event.path]);
      }
    }
    count_ = events.size();
    return lost_ ? std::set<std::string>(watch_.paths().begin(), watch_.paths().end()) : told;
  }

  void Replace(const std::string& path, const std::string& content) {
    Write(path + ".new", content);
    fs::rename(path + ".new", path);
  }

  PathWatch watch_;
  bool lost_ = false;
  std::size_t count_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Mechanisms, PathWatchTest, testing::Bool(), [](const auto& mechanism) {
  return mechanism.param ? "Fanotify" : "Inotify";
});

TEST_P(PathWatchTest, TellsOfWritesAndAttributesAndRemoval) {
  const std::string file = Path("file");
  Write(file, "a");
  watch_.Want({file});
  EXPECT_THAT(Told(), testing::IsEmpty());
  Write(file, "b");
  EXPECT_THAT(Told(), testing::ElementsAre(file));
  fs::permissions(file, fs::perms::owner_all);
  EXPECT_THAT(Told(), testing::ElementsAre(file));
  fs::remove(file);
  EXPECT_THAT(Told(), testing::ElementsAre(file));
  Write(file, "again");
  EXPECT_THAT(Told(), testing::ElementsAre(file));
  Write(file, "and again");
  EXPECT_THAT(Told(), testing::ElementsAre(file));
}

TEST_P(PathWatchTest, SeesEachOfAThousandReplacementsByRename) {
  const std::string file = Path("file");
  watch_.Want({file});
  for (int i = 0; i < 1000; ++i) {
    Replace(file, std::to_string(i));
    ASSERT_THAT(Told(), testing::Contains(file)) << i;
  }
  Write(file, "written in place at last");
  EXPECT_THAT(Told(), testing::ElementsAre(file));
}

TEST_P(PathWatchTest, SeesAThousandReplacementsThatAreReadAtOnce) {
  const std::string file = Path("file");
  watch_.Want({file});
  for (int i = 0; i < 1000; ++i) {
    Replace(file, std::to_string(i));
  }
  EXPECT_THAT(Told(), testing::ElementsAre(file));
  Write(file, "in place");
  EXPECT_THAT(Told(), testing::ElementsAre(file));
}

TEST_P(PathWatchTest, SeesADirectoryTreeMovedIn) {
  const std::string file = Path("etc/app/conf.d/file");
  watch_.Want({file});
  fs::create_directories(Path("elsewhere/conf.d"));
  Write(Path("elsewhere/conf.d/file"), "a");
  fs::create_directories(Path("etc"));
  EXPECT_THAT(Told(), testing::ElementsAre(file));
  fs::rename(Path("elsewhere"), Path("etc/app"));
  EXPECT_THAT(Told(), testing::ElementsAre(file));
  Write(file, "b");
  EXPECT_THAT(Told(), testing::ElementsAre(file));
}

TEST_P(PathWatchTest, SeesAWatchedDirectoryRemovedAndMadeAgain) {
  const std::string file = Path("etc/app/file");
  fs::create_directories(Path("etc/app"));
  Write(file, "a");
  watch_.Want({file});
  for (int i = 0; i < 20; ++i) {
    fs::remove_all(Path("etc"));
    ASSERT_THAT(Told(), testing::ElementsAre(file));
    fs::create_directories(Path("etc/app"));
    Write(file, "b");
    ASSERT_THAT(Told(), testing::ElementsAre(file));
    Write(file, "c");
    ASSERT_THAT(Told(), testing::ElementsAre(file));
  }
}

TEST_P(PathWatchTest, SeesADirectoryOnTheWayMovedAwayAndAnotherInItsPlace) {
  const std::string file = Path("a/b/c/file");
  fs::create_directories(Path("a/b/c"));
  fs::create_directories(Path("other/c"));
  Write(file, "a");
  watch_.Want({file});
  fs::rename(Path("a/b"), Path("a/old"));
  EXPECT_THAT(Told(), testing::ElementsAre(file));
  fs::rename(Path("other"), Path("a/b"));
  EXPECT_THAT(Told(), testing::ElementsAre(file));
  Write(Path("a/old/c/file"), "of no interest any more");
  (void)Told();
  Write(file, "b");
  EXPECT_THAT(Told(), testing::ElementsAre(file));
}

TEST_P(PathWatchTest, FollowsALinkOnTheWayWhenItIsTurned) {
  fs::create_directories(Path("one"));
  fs::create_directories(Path("two"));
  fs::create_symlink("one", Path("current"));
  const std::string file = Path("current/file");
  watch_.Want({file});
  Write(Path("one/file"), "a");
  EXPECT_THAT(Told(), testing::ElementsAre(file));
  fs::create_symlink("two", Path("next"));
  fs::rename(Path("next"), Path("current"));
  EXPECT_THAT(Told(), testing::ElementsAre(file));
  Write(Path("two/file"), "b");
  EXPECT_THAT(Told(), testing::ElementsAre(file));
}

TEST_P(PathWatchTest, WritesToNeighboursWakeNobody) {
  const std::string file = Path("file");
  Write(file, "a");
  std::vector<std::string> neighbours;
  for (int i = 0; i < 100; ++i) {
    neighbours.push_back(Path("neighbour" + std::to_string(i)));
    Write(neighbours.back(), "a");
  }
  watch_.Want({file});
  for (int round = 0; round < 20; ++round) {
    for (const std::string& neighbour : neighbours) {
      Write(neighbour, "some more");
    }
  }
  EXPECT_THAT(Told(), testing::IsEmpty());
  EXPECT_EQ(count_, 0U);
}

TEST_P(PathWatchTest, ARotatedLogIsNotFollowedToItsNewName) {
  const std::string log = Path("log");
  watch_.Want({log});
  for (int i = 0; i < 3; ++i) {
    Write(log, "line");
    fs::rename(log, Path("log." + std::to_string(i)));
    EXPECT_THAT(Told(), testing::ElementsAre(log));
  }
  // Its writers go on for a while.
  for (int i = 0; i < 1000; ++i) {
    Write(Path("log.2"), std::to_string(i));
    (void)Told();
  }
  Write(Path("log.2"), "more");
  EXPECT_THAT(Told(), testing::IsEmpty());
}

TEST_P(PathWatchTest, WatchesThroughHardLinks) {
  const std::string file = Path("file");
  Write(file, "a");
  fs::create_directories(Path("far"));
  fs::create_hard_link(file, Path("far/other"));
  watch_.Want({file});
  Write(Path("far/other"), "b");
  EXPECT_THAT(Told(), testing::ElementsAre(file));
}

TEST_P(PathWatchTest, AnOverflowIsSaidAndWatchingGoesOn) {
  const std::string file = Path("file");
  Write(file, "a");
  watch_.Want({file});
  for (int i = 0; i < 17'000; ++i) {  // More than a queue of 16,384 holds.
    fs::create_symlink("x", Path("n" + std::to_string(i)));
  }
  EXPECT_THAT(Told(), testing::Contains(file));
  EXPECT_TRUE(lost_);
  (void)Told();
  Write(file, "b");
  EXPECT_THAT(Told(), testing::ElementsAre(file));
  EXPECT_FALSE(lost_);
}

TEST_P(PathWatchTest, SaysWhatIsNotWatchedWhenWatchesRunOut) {
  WatchMarks::Options options = Options();
  options.most = 12;
  PathWatch watch(options);
  std::vector<std::string> paths;
  for (int i = 0; i < 40; ++i) {
    paths.push_back(Path("file" + std::to_string(i)));
    Write(paths.back(), "a");
  }
  watch.Want(paths);
  EXPECT_TRUE(watch.status(0).ok());
  EXPECT_EQ(watch.status(39).code(), absl::StatusCode::kUnavailable);
}

TEST_P(PathWatchTest, SaysWhoWhereTheKernelDoes) {
  const std::string file = Path("file");
  Write(file, "a");
  watch_.Want({file});
  Write(file, "b");
  std::vector<PathEvent> events;
  EXPECT_FALSE(watch_.Read(&events));
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().pid, watch_.names_process(0) ? ::getpid() : 0);
}

TEST_P(PathWatchTest, AKernelSettingIsWatched) {
  const std::string setting = "/proc/sys/kernel/domainname";
  watch_.Want({setting});
  EXPECT_TRUE(watch_.status(0).ok());
}

}  // namespace
}  // namespace fettle::sys
