// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "lib/sys/child_group.h"
#include "lib/sys/spawn.h"
#include "lib/sys/temp_dir_for_test.h"

namespace fettle::sys {
namespace {

// A control group of the test's own below the root of cgroup2; "" when this machine has none.
class ChildGroupTest : public TempDirTest {
 protected:
  void SetUp() override {
    TempDirTest::SetUp();
    for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      if (access((std::string(mount) + "/cgroup.subtree_control").c_str(), F_OK) == 0) {
        parent_ = std::string(mount) + "/fettle-test-" + std::to_string(getpid());
      }
    }
    ASSERT_FALSE(parent_.empty()) << "this test needs a cgroup2 mount";
    ASSERT_EQ(mkdir(parent_.c_str(), 0755), 0);
  }

  void TearDown() override { rmdir(parent_.c_str()); }

  // Starts a shell in `group` that leaves a process of another session behind; when this returns,
  // both are running.
  Child StartTwo(const ChildGroup& group) {
    SpawnPlan plan;
    plan.program = "/bin/sh";
    plan.argv = {"sh", "-c", "setsid sh -c 'echo; exec sleep 1000' & exec sleep 1000"};
    plan.environment = {std::string("PATH=") + kSearchPath};
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd read_end(ends[0]);
    const UniqueFd write_end(ends[1]);
    const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
    plan.in = null.get();
    plan.out = write_end.get();
    plan.err = null.get();
    plan.control_group = group.procs();
    absl::StatusOr<Child> child = Spawn(plan);
    EXPECT_TRUE(child.ok()) << child.status();
    char said = 0;
    EXPECT_EQ(read(read_end.get(), &said, 1), 1);
    return child.ok() ? *std::move(child) : Child();
  }

  std::string Events(const std::string& folder) { return Slurp(folder + "/cgroup.events"); }

  std::string parent_;
};

TEST_F(ChildGroupTest, KillEndsAlsoWhoHasLeftTheSession) {
  std::string folder;
  {
    const ChildGroup group(parent_);
    ASSERT_GE(group.procs(), 3);
    folder = parent_ + "/command-" + std::to_string(getpid()) + "-1";
    const Child child = StartTwo(group);
    EXPECT_NE(Events(folder).find("populated 1"), std::string::npos);
    group.Kill();
    EXPECT_EQ(Reap(child), 128 + SIGKILL);
    // The kernel says in this file when the last one has gone.
    const UniqueFd events(open((folder + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC));
    // What poll() waits for is news since this very descriptor was read.
    const auto populated = [&events] {
      std::array<char, 256> text{};
      return pread(events.get(), text.data(), text.size() - 1, 0) > 0 &&
             std::string_view(text.data()).find("populated 1") != std::string_view::npos;
    };
    for (int tries = 0; tries < 100 && populated(); ++tries) {
      pollfd wait = {events.get(), POLLPRI, 0};
      poll(&wait, 1, 100);
    }
    EXPECT_NE(Events(folder).find("populated 0"), std::string::npos);
  }
  EXPECT_NE(access(folder.c_str(), F_OK), 0) << "the empty group remains";
}

TEST_F(ChildGroupTest, WithoutAParentThereIsNoneAndNothingHappens) {
  const ChildGroup none("");
  EXPECT_EQ(none.procs(), -1);
  none.Signal(SIGTERM);
  none.Kill();
  const ChildGroup impossible("/proc/none");
  EXPECT_EQ(impossible.procs(), -1);
}

}  // namespace
}  // namespace fettle::sys
