// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/state.h"

#include <unistd.h>

#include "cli/lab/files.h"
#include "cli/lab/temp_folder_for_test.h"
#include "tests/support/status_matchers.h"

namespace fettle::lab {
namespace {

using ::fettle::testing::IsOk;
using ::fettle::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StateTest : public ::testing::Test {
 protected:
  StateTest() : state_(folder_.path() + "/labs") {}

  TempFolder folder_;
  State state_;
};

TEST_F(StateTest, GivesBackAHostAsItWasSaved) {
  const HostRecord saved{.name = "web1",
                         .index = 3,
                         .prepared = true,
                         .cut = true,
                         .mount_points = {"/", "/var"},
                         .binds = {"/opt:/srv"},
                         .supervisor = {.pid = 42, .start_time = 1234567890123}};
  ASSERT_THAT(state_.SaveHost("lab", saved), IsOk());
  const absl::StatusOr<HostRecord> loaded = state_.LoadHost("lab", "web1");
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->name, "web1");
  EXPECT_EQ(loaded->index, 3);
  EXPECT_TRUE(loaded->prepared);
  EXPECT_TRUE(loaded->cut);
  EXPECT_EQ(loaded->mount_points, saved.mount_points);
  EXPECT_EQ(loaded->binds, saved.binds);
  EXPECT_EQ(loaded->supervisor.pid, 42);
  EXPECT_EQ(loaded->supervisor.start_time, 1234567890123U);
}

TEST_F(StateTest, ListsLabsAndHostsEvenWithoutRecords) {
  ASSERT_THAT(state_.SaveLab("one", 1), IsOk());
  ASSERT_THAT(MakeFolders(state_.HostFolder("two", "half")), IsOk());
  EXPECT_THAT(state_.Labs(), ElementsAre("one", "two"));
  EXPECT_THAT(state_.Hosts("one"), IsEmpty());
  EXPECT_THAT(state_.Hosts("two"), ElementsAre("half"));
  EXPECT_EQ(state_.LabNumber("one"), 1);
  EXPECT_EQ(state_.LabNumber("two"), std::nullopt);
  EXPECT_THAT(state_.LoadHost("two", "half"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(StateTest, ADamagedRecordIsAnErrorThatSaysWhatToDo) {
  ASSERT_THAT(MakeFolders(state_.HostFolder("lab", "web1")), IsOk());
  ASSERT_THAT(WriteText(state_.HostFolder("lab", "web1") + "/host.json", "{\"index\": "), IsOk());
  EXPECT_THAT(state_.LoadHost("lab", "web1"),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("fettle lab down --name lab")));
}

TEST_F(StateTest, OnlyOneHoldsTheLock) {
  {
    const absl::StatusOr<State::Lock> first = state_.Acquire(Deadline::Never());
    ASSERT_THAT(first.status(), IsOk());
    EXPECT_THAT(state_.Acquire(Deadline::Expired()).status(),
                StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("fuser")));
  }
  EXPECT_THAT(state_.Acquire(Deadline::Expired()).status(), IsOk());
}

TEST_F(StateTest, IsRemovedWithItsLastLabOnly) {
  const absl::StatusOr<State::Lock> lock = state_.Acquire(Deadline::Never());
  ASSERT_THAT(lock.status(), IsOk());
  ASSERT_THAT(state_.SaveLab("one", 1), IsOk());
  state_.RemoveIfEmpty();
  EXPECT_TRUE(Exists(folder_.path() + "/labs/lock"));
  ASSERT_THAT(RemoveFolder(state_.LabFolder("one")), IsOk());
  state_.RemoveIfEmpty();
  EXPECT_FALSE(Exists(folder_.path() + "/labs"));
}

}  // namespace
}  // namespace fettle::lab
