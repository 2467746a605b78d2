// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/recipe/confine.h"
#include "lib/recipe/test_schemas.h"
#include "tests/support/status_matchers.h"

namespace fettle::recipe {
namespace {

using ::fettle::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kFleet[] = R"(
  for i = 1, 200 do file("/etc/f" .. i) { content = ("x"):rep(i), tags = { "t" .. i } } end
  file "/t" { template = "t" }
  print("hello")
)";

EvaluateResult RunIsolated(const EvaluateInput& input) {
  absl::StatusOr<EvaluateResult> result = Evaluate(input);
  EXPECT_THAT(result, IsOk());
  return result.ok() ? *std::move(result) : EvaluateResult();
}

TEST(IsolatedTest, GivesTheSameBytesAsInProcess) {
  Fixture fixture({{"fleet.lua", kFleet}, {"templates/t", "<%= host.name %>"}});
  fixture.input().fleet.emplace();
  const EvaluateResult isolated = RunIsolated(fixture.input());
  EXPECT_THAT(Shown(isolated), IsEmpty());
  EXPECT_EQ(isolated.catalog.resources.size(), 201U);
  EXPECT_EQ(EncodeCatalog(isolated.catalog), EncodeCatalog(fixture.Run().catalog));
  EXPECT_EQ(isolated.notes.size(), 1U);
  EXPECT_EQ(EncodeCatalog(RunIsolated(fixture.input()).catalog), EncodeCatalog(isolated.catalog));
}

TEST(IsolatedTest, CarriesProblems) {
  const Fixture fixture(
      {{"fleet.lua", "include 'a'"}, {"recipes/a.lua", "file '/x' { mdoe = 1 }"}});
  Fixture copy({{"fleet.lua", "include 'a'"}, {"recipes/a.lua", "file '/x' { mdoe = 1 }"}});
  EXPECT_EQ(RunIsolated(copy.input()).problems, fixture.Run().problems);
}

TEST(IsolatedTest, StopsWhatDoesNotEnd) {
  Fixture fixture({{"fleet.lua", "while true do end"}});
  fixture.input().limits.instructions = 1'000'000;
  EXPECT_THAT(Shown(RunIsolated(fixture.input())), HasSubstr("more than 1000000 instructions"));
  fixture.input().limits.instructions = 1ULL << 60;
  fixture.input().limits.wall = absl::Milliseconds(50);
  EXPECT_THAT(Shown(RunIsolated(fixture.input())), HasSubstr("longer than 50ms"));
}

TEST(IsolatedTest, StopsWhatTakesAllMemory) {
  Fixture fixture(
      {{"fleet.lua", "local t = {} while true do t[#t + 1] = ('x'):rep(1e6) .. #t end"}});
  EXPECT_THAT(Shown(RunIsolated(fixture.input())), HasSubstr("memory"));
}

TEST(IsolatedTest, LeavesNoChild) {
  Fixture fixture({{"fleet.lua", ""}});
  RunIsolated(fixture.input());
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

// Runs `act` in a confined child; how the child ended.
int StatusOfConfined(const std::function<void(int)>& act) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (!Confine({ends[1], 256U << 20, 5})) {
      _exit(97);
    }
    act(ends[1]);
    _exit(0);
  }
  close(ends[0]);
  close(ends[1]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

bool IsKilled(int status) {
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

TEST(ConfineTest, ForbidsAllButComputing) {
  EXPECT_TRUE(IsKilled(StatusOfConfined([](int) { (void)open("/etc/passwd", O_RDONLY); })));
  EXPECT_TRUE(IsKilled(StatusOfConfined([](int) { (void)socket(AF_INET, SOCK_STREAM, 0); })));
  EXPECT_TRUE(IsKilled(StatusOfConfined([](int) { (void)fork(); })));
  EXPECT_TRUE(IsKilled(StatusOfConfined([](int) { (void)kill(getppid(), SIGTERM); })));
  EXPECT_TRUE(IsKilled(StatusOfConfined([](int) { (void)execl("/bin/true", "true", nullptr); })));
  EXPECT_TRUE(IsKilled(StatusOfConfined([](int) { (void)!write(2, "x", 1); })));
  EXPECT_TRUE(IsKilled(StatusOfConfined([](int fd) { (void)dup(fd); })));
}

TEST(ConfineTest, AllowsMemoryAndThePipe) {
  const int status = StatusOfConfined([](int fd) {
    const std::string text(1U << 20, 'x');
    _exit(write(fd, "x", 1) == 1 && text.size() > 5 ? 42 : 43);
  });
  // The pipe's other end is closed in the child: what matters is that the call was let through.
  EXPECT_TRUE((WIFEXITED(status) && WEXITSTATUS(status) == 42) ||
              (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE))
      << status;
}

}  // namespace
}  // namespace fettle::recipe
