// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/journal.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/journal/frames.h"
#include "tests/support/temp_folder.h"

namespace fettle::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1767225600);

class JournalTest : public ::testing::Test {
 protected:
  std::string Log() const { return folder_.path() + "/journal"; }

  std::unique_ptr<Journal> Open() {
    absl::StatusOr<std::unique_ptr<Journal>> journal = Journal::Open(folder_.path());
    EXPECT_TRUE(journal.ok()) << journal.status();
    return *std::move(journal);
  }

  // One that has begun a run.
  std::unique_ptr<Journal> Begun() {
    std::unique_ptr<Journal> journal = Open();
    EXPECT_TRUE(journal->Begin("test", Deadline::Expired()).ok());
    return journal;
  }

  static Intent Changing(const std::string& id) {
    return {"run", kNow, {{id, {{"service:s", resource::RefreshKind::kRestart}}}}};
  }

  std::string Bytes() const {
    std::ifstream in(Log(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  void SetBytes(const std::string& bytes) const {
    std::ofstream(Log(), std::ios::binary | std::ios::trunc) << bytes;
  }

  // Fills the journal beyond what makes it be rewritten, run after run; a byte to `progress` before
  // each rewriting. Returns when something fails.
  void RewriteForever(int progress) const {
    const std::string shown(64 << 10, 'x');
    absl::StatusOr<std::unique_ptr<Journal>> journal = Journal::Open(folder_.path());
    while (journal.ok() && (*journal)->Begin("test", Deadline::Expired()).ok() &&
           (*journal)->Intend(Changing("file:/pending")).ok()) {
      for (int i = 0; i < 20; ++i) {
        if (!(*journal)
                 ->Add(AtRest{kNow, {{"file:/a", Known{1, {{"content", 1, 2, shown}}}}}})
                 .ok()) {
          return;
        }
      }
      if (::write(progress, "x", 1) != 1 || !(*journal)->End().ok()) {
        return;
      }
    }
  }

  testing::TempFolder folder_;
};

TEST_F(JournalTest, RemembersAcrossAKill) {
  {
    const std::unique_ptr<Journal> journal = Begun();
    ASSERT_TRUE(journal->Intend(Changing("file:/a")).ok());
    ASSERT_TRUE(journal->Intend(Changing("file:/b")).ok());
    ASSERT_TRUE(journal->Add(AtRest{kNow, {{"file:/b", Known{3, {}}}}}).ok());
  }  // No End(): the process died.
  const std::unique_ptr<Journal> journal = Open();
  EXPECT_TRUE(journal->knowledge().open().contains("file:/a"));
  EXPECT_FALSE(journal->knowledge().open().contains("file:/b"));
  EXPECT_EQ(journal->knowledge().Find("file:/b")->declaration, 3U);
  EXPECT_EQ(journal->knowledge().pending().at("service:s").size(), 2U);
  EXPECT_THAT(journal->TakeMessages(), IsEmpty());
}

TEST_F(JournalTest, ATornEndIsDroppedAndWritingGoesOn) {
  {
    const std::unique_ptr<Journal> journal = Begun();
    ASSERT_TRUE(journal->Intend(Changing("file:/a")).ok());
    ASSERT_TRUE(journal->Intend(Changing("file:/b")).ok());
  }
  const std::string bytes = Bytes();
  SetBytes(bytes.substr(0, bytes.size() - 3));
  {
    const std::unique_ptr<Journal> journal = Begun();
    EXPECT_TRUE(journal->knowledge().open().contains("file:/a"));
    EXPECT_FALSE(journal->knowledge().open().contains("file:/b"));
    ASSERT_TRUE(journal->Intend(Changing("file:/c")).ok());
  }
  EXPECT_TRUE(Open()->knowledge().open().contains("file:/c"));
}

TEST_F(JournalTest, ADamagedOneIsMovedAsideAndItGoesOnKnowingNothing) {
  {
    const std::unique_ptr<Journal> journal = Begun();
    ASSERT_TRUE(journal->Intend(Changing("file:/a")).ok());
    ASSERT_TRUE(journal->Intend(Changing("file:/b")).ok());
  }
  std::string bytes = Bytes();
  bytes[20] = static_cast<char>(bytes[20] ^ 1);
  SetBytes(bytes);
  {
    const std::unique_ptr<Journal> journal = Begun();
    EXPECT_THAT(journal->knowledge().open(), IsEmpty());
    EXPECT_THAT(journal->TakeMessages(), ElementsAre(HasSubstr("moved to")));
    ASSERT_TRUE(journal->Intend(Changing("file:/c")).ok());
  }
  EXPECT_TRUE(Open()->knowledge().open().contains("file:/c"));
  int kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    kept += entry.path().filename().string().starts_with("journal.damaged-") ? 1 : 0;
  }
  EXPECT_EQ(kept, 1);
}

TEST_F(JournalTest, ReadsWhatAnotherProcessAddedMeanwhile) {
  const std::unique_ptr<Journal> first = Open();
  {
    const std::unique_ptr<Journal> second = Begun();
    ASSERT_TRUE(second->Intend(Changing("file:/b")).ok());
    ASSERT_TRUE(second->End().ok());
  }
  ASSERT_TRUE(first->Begin("first", Deadline::Expired()).ok());
  EXPECT_TRUE(first->knowledge().open().contains("file:/b"));
}

TEST_F(JournalTest, WhileAnotherRunsItLooksButDoesNotMend) {
  const std::unique_ptr<Journal> running = Begun();
  ASSERT_TRUE(running->Intend(Changing("file:/a")).ok());
  const std::string bytes = Bytes();
  std::string half;
  AppendFrame("a record that is being written", &half);
  half.resize(20);
  SetBytes(bytes + half);
  const std::unique_ptr<Journal> other = Open();
  EXPECT_TRUE(other->knowledge().open().contains("file:/a"));
  EXPECT_EQ(Bytes(), bytes + half);
  EXPECT_TRUE(absl::IsUnavailable(other->Begin("other", Deadline::Expired())));
}

TEST_F(JournalTest, IsRewrittenWhenItHasGrown) {
  {
    const std::unique_ptr<Journal> journal = Begun();
    const std::string shown(1000, 'x');
    for (int i = 0; i < 2000; ++i) {
      ASSERT_TRUE(
          journal->Add(AtRest{kNow, {{"file:/a", Known{1, {{"content", 1, 2, shown}}}}}}).ok());
    }
    ASSERT_GT(Bytes().size(), 1U << 20);
    ASSERT_TRUE(journal->End().ok());
  }
  EXPECT_LT(Bytes().size(), 2000U);
  EXPECT_NE(Open()->knowledge().Find("file:/a"), nullptr);
}

TEST_F(JournalTest, AnInterruptedRewriteLeavesTheOldOneAndAnotherIsMade) {
  // A child that rewrites its journal again and again, and is killed somewhere in the middle.
  constexpr int kKills = 8;
  for (int kill_after = 1; kill_after <= kKills; ++kill_after) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe_ends[0]);
      RewriteForever(pipe_ends[1]);
      ::_exit(0);
    }
    ::close(pipe_ends[1]);
    char byte = 0;
    for (int i = 0; i < kill_after && ::read(pipe_ends[0], &byte, 1) == 1; ++i) {
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ::close(pipe_ends[0]);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself: its run could not begin or write";
    const std::unique_ptr<Journal> journal = Open();
    EXPECT_THAT(journal->TakeMessages(), IsEmpty()) << "nothing was damaged";
    EXPECT_NE(journal->knowledge().Find("file:/a"), nullptr);
    EXPECT_TRUE(journal->knowledge().open().contains("file:/pending"));
  }
  EXPECT_LE(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), kKills + 4);
}

TEST_F(JournalTest, ReadOnlyKnowsAndCannotBegin) {
  {
    const std::unique_ptr<Journal> journal = Begun();
    ASSERT_TRUE(journal->Intend(Changing("file:/a")).ok());
  }
  const std::string bytes = Bytes();
  const std::unique_ptr<Journal> journal = Journal::ReadOnly(folder_.path()).value();
  EXPECT_TRUE(journal->knowledge().open().contains("file:/a"));
  EXPECT_FALSE(journal->Begin("x", Deadline::Expired()).ok());
  EXPECT_FALSE(journal->Intend(Changing("file:/b")).ok());
  EXPECT_EQ(Bytes(), bytes);
  EXPECT_TRUE(Journal::ReadOnly(folder_.path() + "/nowhere").ok());
}

TEST_F(JournalTest, NothingIsWrittenOutsideOfARun) {
  const std::unique_ptr<Journal> journal = Open();
  EXPECT_FALSE(journal->Intend(Changing("file:/a")).ok());
  EXPECT_THAT(journal->knowledge().open(), IsEmpty());
}

}  // namespace
}  // namespace fettle::journal
