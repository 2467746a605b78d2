// SPDX-License-Identifier: Apache-2.0
// The watcher as a whole, on real files; the test is the clock, and asks what is due.
#include "agent/watch/watcher.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>

#include "agent/watch/processes_for_test.h"
#include "tests/support/fake_clock.h"

namespace fettle::watch {
namespace {

namespace fs = std::filesystem;
using resource::Watching;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class WatcherTest : public ::testing::Test {
 protected:
  WatcherTest() {
    std::string pattern = ::testing::TempDir() + "watcher-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    Open({});
  }

  ~WatcherTest() override { fs::remove_all(directory_); }

  void Open(sys::WatchMarks::Options marks) {
    Watcher::Parts parts{clock_, processes_};
    parts.marks = marks;
    parts.packages_busy = [this] { return packages_busy_; };
    watcher_ = std::make_unique<Watcher>(std::move(parts));
  }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  static void Write(const std::string& path, const std::string& content) {
    std::ofstream(path) << content;
  }

  // Watches files f0 … of the folder, all at rest.
  void WatchFiles(int count) {
    std::vector<Interests> all;
    for (int i = 0; i < count; ++i) {
      const std::string name = "f" + std::to_string(i);
      Write(Path(name), "a");
      all.push_back({"file:" + name, {Path(name)}, {}, false, false, false, false, ""});
    }
    Watch(std::move(all));
  }

  void Watch(std::vector<Interests> all) {
    watcher_->Watch(std::move(all));
    for (Watcher::Due due = watcher_->TakeDue(); !due.ids.empty(); due = watcher_->TakeDue()) {
    }
  }

  // What is due once all is quiet, in the order of turns.
  std::vector<std::vector<std::string>> Turns() {
    watcher_->OnReady();
    std::vector<std::vector<std::string>> turns;
    constexpr int kMost = 100;
    for (int i = 0; i < kMost; ++i) {
      clock_.Advance(absl::Milliseconds(5));
      watcher_->Tick();
      Watcher::Due due = watcher_->TakeDue();
      if (!due.ids.empty()) {
        turns.push_back(std::move(due.ids));
      }
    }
    return turns;
  }

  // A run that found `id` off and put it right.
  resource::ResourceReport Repair(const std::string& id, resource::State state) {
    resource::RunReport run;
    run.partial = true;
    resource::ResourceReport report;
    report.id = id;
    report.state = state;
    report.cause = resource::Cause::kDrift;
    run.resources.push_back(report);
    watcher_->Complete({id}, &run);
    return run.resources.front();
  }

  testing::FakeClock clock_;
  ProcessesForTest processes_;
  bool packages_busy_ = false;
  std::string directory_;
  std::unique_ptr<Watcher> watcher_;
};

TEST_F(WatcherTest, WhatIsNewlyWatchedIsLookedAtOnce) {
  Write(Path("f"), "a");
  watcher_->Watch({{"file:f", {Path("f")}, {}, false, false, false, false, ""}});
  EXPECT_THAT(watcher_->TakeDue().ids, ElementsAre("file:f"));
  EXPECT_THAT(watcher_->TakeDue().ids, IsEmpty());
  EXPECT_EQ(watcher_->NextTick(), absl::InfiniteDuration());
}

TEST_F(WatcherTest, AWriteConcernsItsFileAlone) {
  WatchFiles(3);
  Write(Path("f1"), "b");
  EXPECT_THAT(Turns(), ElementsAre(ElementsAre("file:f1")));
  EXPECT_THAT(Turns(), IsEmpty());
}

TEST_F(WatcherTest, VimIsOneTurn) {
  WatchFiles(1);
  Write(Path("4913"), "");  // It tries whether it may make files here.
  fs::remove(Path("4913"));
  fs::rename(Path("f0"), Path("f0~"));
  Write(Path("f0"), "b");
  fs::permissions(Path("f0"), fs::perms::owner_all);
  fs::remove(Path("f0~"));
  EXPECT_THAT(Turns(), ElementsAre(ElementsAre("file:f0")));
}

TEST_F(WatcherTest, SedInPlaceIsOneTurn) {
  WatchFiles(1);
  Write(Path("sedAbC"), "b");
  fs::permissions(Path("sedAbC"), fs::perms::owner_all);
  fs::rename(Path("sedAbC"), Path("f0"));
  EXPECT_THAT(Turns(), ElementsAre(ElementsAre("file:f0")));
}

TEST_F(WatcherTest, AThousandReplacementsAtOnceAreOneTurn) {
  WatchFiles(1);
  for (int i = 0; i < 1000; ++i) {
    Write(Path("new"), std::to_string(i));
    fs::rename(Path("new"), Path("f0"));
  }
  EXPECT_THAT(Turns(), ElementsAre(ElementsAre("file:f0")));
}

TEST_F(WatcherTest, ThousandsOfForeignFilesAreNoTurnAtAll) {
  WatchFiles(1);
  fs::create_directories(Path("cache"));
  for (int i = 0; i < 1000; ++i) {
    Write(Path("cache/" + std::to_string(i)), "x");
  }
  for (int i = 0; i < 1000; ++i) {
    Write(Path("log"), "line");
    fs::rename(Path("log"), Path("log.1"));
  }
  EXPECT_THAT(Turns(), IsEmpty());
}

TEST_F(WatcherTest, LostEventsMakeAllDue) {
  WatchFiles(2);
  for (int i = 0; i < 17'000; ++i) {
    fs::create_symlink("x", Path("n" + std::to_string(i)));
  }
  EXPECT_THAT(Turns(), ElementsAre(ElementsAre("file:f0", "file:f1")));
  EXPECT_THAT(watcher_->TakeMessages(), ElementsAre(HasSubstr("more changed than")));
}

TEST_F(WatcherTest, SaysHowWellEachIsWatched) {
  Write(Path("f"), "a");
  Interests step;
  step.id = "exec:make";
  step.why = "what a step depends on is not known";
  Interests tree{"directory:t", {Path("t")}, {}, false, false, false, true, "below"};
  Watch({{"file:f", {Path("f")}, {}, false, false, false, false, ""}, step, tree});
  const auto coverage = watcher_->TakeCoverage();
  ASSERT_TRUE(coverage.has_value());
  EXPECT_EQ(coverage->at("file:f").watching, Watching::kEvent);
  EXPECT_EQ(coverage->at("exec:make").watching, Watching::kSweep);
  EXPECT_GE(coverage->at("exec:make").worst, absl::Minutes(30));
  EXPECT_EQ(coverage->at("directory:t").watching, Watching::kPoll);
  EXPECT_EQ(coverage->at("directory:t").worst, Watcher::kPoll);
  EXPECT_FALSE(watcher_->TakeCoverage().has_value());
}

TEST_F(WatcherTest, WhereWatchesRunOutItIsPolledAndSaysSo) {
  sys::WatchMarks::Options marks;
  marks.most = 8;
  Open(marks);
  WatchFiles(30);
  const auto coverage = watcher_->TakeCoverage();
  ASSERT_TRUE(coverage.has_value());
  EXPECT_EQ(coverage->at("file:f0").watching, Watching::kEvent);
  EXPECT_EQ(coverage->at("file:f29").watching, Watching::kPoll);
  EXPECT_THAT(coverage->at("file:f29").why, HasSubstr("limit"));
  Write(Path("f29"), "b");
  (void)Turns();
  clock_.Advance(Watcher::kPoll);
  watcher_->Tick();
  EXPECT_THAT(watcher_->TakeDue().ids, ::testing::Contains("file:f29"));
}

TEST_F(WatcherTest, ADriftNamesWhoMadeIt) {
  WatchFiles(1);
  processes_.Add({::getpid(), 1, "vim", "/usr/bin/vim", {"vim", "f0"}, 0, {}, ""});
  Write(Path("f0"), "b");
  EXPECT_THAT(Turns(), SizeIs(1));
  const resource::ResourceReport report = Repair("file:f0", resource::State::kChanged);
  ASSERT_TRUE(report.actor.has_value());
  // Where the kernel does not say who, that is said.
  EXPECT_TRUE(report.actor->command == "vim f0" || !report.actor->note.empty());
  // The next drift has another culprit, or none.
  EXPECT_THAT(Repair("file:f0", resource::State::kChanged).actor->note, HasSubstr("nobody saw"));
}

TEST_F(WatcherTest, AFightIsSaidAndLeftAloneButLookedAtOnce) {
  WatchFiles(2);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(Repair("file:f0", resource::State::kChanged).contended, "");
  }
  EXPECT_THAT(Repair("file:f0", resource::State::kChanged).contended, HasSubstr("put right 5"));
  Write(Path("f0"), "b");
  watcher_->OnReady();
  clock_.Advance(absl::Milliseconds(50));
  const Watcher::Due due = watcher_->TakeDue();
  EXPECT_THAT(due.ids, ElementsAre("file:f0"));
  EXPECT_TRUE(due.look_only);
  EXPECT_THAT(Repair("file:f0", resource::State::kDrifted).contended, HasSubstr("left alone"));
  Write(Path("f0"), "c");
  EXPECT_THAT(Turns(), IsEmpty());
  clock_.Advance(absl::Minutes(2));
  watcher_->Tick();
  const Watcher::Due again = watcher_->TakeDue();
  EXPECT_THAT(again.ids, ElementsAre("file:f0"));
  EXPECT_FALSE(again.look_only);
}

TEST_F(WatcherTest, PackagesWaitForThePackageManager) {
  Interests package;
  package.id = "package:nginx";
  package.packages = true;
  watcher_->Watch({package});
  packages_busy_ = true;
  EXPECT_THAT(watcher_->TakeDue().ids, IsEmpty());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(watcher_->TakeDue().ids, IsEmpty());
  packages_busy_ = false;
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(watcher_->TakeDue().ids, ElementsAre("package:nginx"));
}

}  // namespace
}  // namespace fettle::watch
