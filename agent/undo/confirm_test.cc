// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/confirm.h"

#include <sys/stat.h>

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace fettle::undo {
namespace {

class PendingTest : public ::testing::Test {
 protected:
  static Pending Of(const std::string& resource, absl::Duration window) {
    Pending pending;
    pending.revision = "r7";
    pending.window = window;
    pending.resources = {resource};
    pending.connected = true;
    return pending;
  }

  void Add(const Pending& pending, const std::string& run) {
    ASSERT_TRUE(AddPending(folder_.path(), pending, run).ok());
  }

  Pending Read() { return ReadPending(folder_.path()).value_or(Pending()); }

  testing::TempFolder folder_;
};

TEST_F(PendingTest, IsReadBackAsItWasWritten) {
  Pending pending = Of("file:/etc/hosts", absl::Milliseconds(1500));
  pending.runs = {"RUN1", "RUN2"};
  pending.phase = Pending::Phase::kUndoing;
  pending.report = std::string("a\0b", 3);
  pending.why_not = "no connection";
  ASSERT_TRUE(WritePending(folder_.path(), pending).ok());
  EXPECT_EQ(ReadPending(folder_.path()), pending);
}

TEST_F(PendingTest, IsForRootAlone) {
  Add(Of("file:/etc/hosts", absl::Seconds(60)), "RUN1");

  struct stat found {};

  ASSERT_EQ(::stat((folder_.path() + "/confirm").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST_F(PendingTest, WhatJoinsTakesTheLongestTimeAndAllResources) {
  Add(Of("file:/etc/hosts", absl::Seconds(60)), "RUN1");
  Add(Of("service:ssh.service", absl::Seconds(30)), "RUN1");
  Add(Of("file:/etc/nftables.conf", absl::Seconds(90)), "RUN1");
  EXPECT_EQ(Read().runs, std::vector<std::string>{"RUN1"});
  EXPECT_EQ(Read().window, absl::Seconds(90));
  EXPECT_EQ(Read().resources.size(), 3U);
}

TEST_F(PendingTest, TheRunAfterOneThatWasKilledJoinsIt) {
  Add(Of("file:/etc/hosts", absl::Seconds(60)), "RUN1");
  Pending later = Of("service:ssh.service", absl::Seconds(60));
  later.connected = false;
  Add(later, "RUN2");
  EXPECT_EQ(Read().runs, (std::vector<std::string>{"RUN1", "RUN2"}));
  EXPECT_TRUE(Read().connected) << "as it was before the first";
}

TEST_F(PendingTest, WhatIsDroppedIsGone) {
  ASSERT_TRUE(DropPending(folder_.path()).ok()) << "when there is none";
  Add(Of("file:/etc/hosts", absl::Seconds(60)), "RUN1");
  ASSERT_TRUE(DropPending(folder_.path()).ok());
  EXPECT_EQ(ReadPending(folder_.path()), std::nullopt);
}

TEST_F(PendingTest, ADamagedOneIsNone) {
  Add(Of("file:/etc/hosts", absl::Seconds(60)), "RUN1");
  std::ofstream(folder_.path() + "/confirm") << "nonsense";
  EXPECT_EQ(ReadPending(folder_.path()), std::nullopt);
}

}  // namespace
}  // namespace fettle::undo
