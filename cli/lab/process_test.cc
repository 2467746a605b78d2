// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/process.h"

#include <unistd.h>

#include "cli/lab/guest.h"
#include "tests/support/status_matchers.h"

namespace fettle::lab {
namespace {

using ::fettle::testing::IsOk;
using ::fettle::testing::StatusIs;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ProcessTest, KnowsItselfAndNoOtherLifeOfItsPid) {
  const absl::StatusOr<ProcessId> self = Identify(getpid());
  ASSERT_THAT(self.status(), IsOk());
  EXPECT_TRUE(IsAlive(*self));
  const ProcessId earlier{.pid = self->pid, .start_time = self->start_time - 1};
  EXPECT_FALSE(IsAlive(earlier));
  // Would end this test if it hit.
  EXPECT_THAT(KillProcess(earlier), IsOk());
  EXPECT_THAT(WaitForEnd(earlier, Deadline::Expired()), IsOk());
}

TEST(ProcessTest, PidZeroIsNobody) {
  EXPECT_FALSE(IsAlive({}));
  EXPECT_THAT(KillProcess({}), IsOk());
}

TEST(ProcessTest, WaitingForOneThatStaysEndsWithTheDeadline) {
  const absl::StatusOr<ProcessId> self = Identify(getpid());
  ASSERT_THAT(self.status(), IsOk());
  EXPECT_THAT(WaitForEnd(*self, Deadline::Expired()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(ProcessTest, RunForkedReturnsOutputAndExitCode) {
  const absl::StatusOr<RunResult> result = RunForked(
      [] {
        return ExecProgram({"sh", "-c", "cat; echo err >&2; exit 3"});
      },
      "in\n",
      Deadline::After(absl::Minutes(1)));
  ASSERT_THAT(result.status(), IsOk());
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->output, "in\nerr\n");
}

TEST(ProcessTest, RunForkedKillsWhatIsLate) {
  EXPECT_THAT(RunForked(
                  [] {
                    return ExecProgram({"sleep", "1000"});
                  },
                  "",
                  Deadline::Expired()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(ProcessTest, RunProgramSaysWhatFailedAndWhy) {
  const Deadline deadline = Deadline::After(absl::Minutes(1));
  EXPECT_THAT(RunProgram({"true"}, "", deadline), IsOk());
  EXPECT_THAT(RunProgram({"no-such-program-here"}, "", deadline),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no-such-program-here")));
  EXPECT_THAT(RunProgram({"sh", "-c", "echo broken; exit 5"}, "", deadline),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("exit code 5: broken")));
}

TEST(NspawnArgumentsTest, StayInAGroupOfOursAndAskSystemdOtherwise) {
  GuestPlan plan{.folder = "/run/h",
                 .host = "web1",
                 .machine = "fl1h1",
                 .bridge = "fettle1",
                 .binds = {"/opt/a:/opt/b"},
                 .cgroups = {"/sys/fs/cgroup/fettle-lab/lab/web1"}};
  const std::vector<std::string> grouped = NspawnArguments(plan);
  EXPECT_THAT(grouped, Contains("--keep-unit"));
  EXPECT_THAT(grouped, Contains("--directory=/run/h/root"));
  EXPECT_THAT(grouped, Contains("--bind-ro=/opt/a:/opt/b"));
  plan.cgroups.clear();
  EXPECT_THAT(NspawnArguments(plan), Not(Contains("--keep-unit")));
}

}  // namespace
}  // namespace fettle::lab
