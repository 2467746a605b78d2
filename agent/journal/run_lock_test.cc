// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/run_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "tests/support/temp_folder.h"

namespace fettle::journal {
namespace {

using ::testing::HasSubstr;

TEST(RunLockTest, TheSecondIsToldWhoHoldsItAndGivesUpInTime) {
  const testing::TempFolder folder;
  const std::string path = folder.path() + "/lock";
  const absl::StatusOr<RunLock> first =
      RunLock::Take(path, "apply, run A, pid 1", Deadline::Expired());
  ASSERT_TRUE(first.ok()) << first.status();
  std::string told;
  const absl::StatusOr<RunLock> second = RunLock::Take(
      path, "B", Deadline::After(absl::Milliseconds(1)), [&](const std::string& holder) {
        told = holder;
      });
  EXPECT_TRUE(absl::IsUnavailable(second.status()));
  EXPECT_THAT(std::string(Message(second.status())), HasSubstr("apply, run A, pid 1"));
}

TEST(RunLockTest, WhoWaitsIsToldOnceAndGetsItWhenItIsFree) {
  const testing::TempFolder folder;
  const std::string path = folder.path() + "/lock";
  absl::StatusOr<RunLock> first = RunLock::Take(path, "first", Deadline::Expired());
  ASSERT_TRUE(first.ok());
  int told = 0;
  const absl::StatusOr<RunLock> second =
      RunLock::Take(path, "second", Deadline::Never(), [&](const std::string& holder) {
        ++told;
        EXPECT_EQ(holder, "first");
        *first = RunLock();
      });
  EXPECT_TRUE(second.ok());
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace fettle::journal
