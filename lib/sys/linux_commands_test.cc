// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/linux_commands.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "gmock/gmock.h"

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/temp_dir_for_test.h"
#include "lib/sys/unique_fd.h"

namespace fettle::sys {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Deadline Soon() {
  return Deadline::After(absl::Seconds(60));
}

Command Shell(const std::string& script) {
  Command command;
  command.argv = {"sh", "-c", script};
  return command;
}

CommandResult MustRun(const Command& command) {
  absl::StatusOr<CommandResult> result = RunCommand(command, Soon());
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : CommandResult();
}

TEST(RunCommandTest, GivesOutputErrorsAndExitCode) {
  const CommandResult result = MustRun(Shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_FALSE(result.output_cut);
}

TEST(RunCommandTest, SaysWhichSignalKilledIt) {
  EXPECT_EQ(MustRun(Shell("kill -KILL $$")).exit_code, 128 + SIGKILL);
}

TEST(RunCommandTest, StartsInAFreshEnvironment) {
  ASSERT_EQ(setenv("FETTLE_TEST_LEAK", "1", 1), 0);
  Command command;
  command.argv = {"env"};
  command.environment = {{"EXTRA", "a b"}, {"LC_ALL", "C"}};
  const std::string out = MustRun(command).out;
  EXPECT_THAT(out, HasSubstr("PATH=/usr/local/sbin:"));
  EXPECT_THAT(out, HasSubstr("EXTRA=a b\n"));
  EXPECT_THAT(out, HasSubstr("LC_ALL=C\n"));
  EXPECT_EQ(out.find("FETTLE_TEST_LEAK"), std::string::npos);
}

TEST(RunCommandTest, ClosesStandardInputOrFillsIt) {
  EXPECT_EQ(MustRun(Shell("cat; echo end")).out, "end\n");
  Command command = Shell("cat");
  command.input = std::string(300'000, 'x');
  command.max_output = 1 << 20;
  EXPECT_EQ(MustRun(command).out, *command.input);
  Command ignored = Shell("true");
  ignored.input = std::string(300'000, 'x');
  EXPECT_EQ(MustRun(ignored).exit_code, 0);
}

TEST(RunCommandTest, HandsDownNoOtherDescriptor) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const CommandResult result = MustRun(Shell("ls /proc/self/fd | wc -l"));
  EXPECT_EQ(Trim(result.out), "4");  // The three standard ones and that of ls on the folder.
  close(ends[0]);
  close(ends[1]);
}

TEST(RunCommandTest, ResetsIgnoredSignals) {
  const auto before = signal(SIGPIPE, SIG_IGN);
  const CommandResult result = MustRun(Shell("kill -PIPE $$; echo survived"));
  signal(SIGPIPE, before);
  EXPECT_EQ(result.exit_code, 128 + SIGPIPE);
}

TEST(RunCommandTest, TakesDirectoryAndUmask) {
  Command command = Shell("pwd; umask");
  command.directory = "/usr";
  command.umask = 027;
  EXPECT_EQ(MustRun(command).out, "/usr\n0027\n");
  command.directory = "/no/such";
  EXPECT_EQ(RunCommand(command, Soon()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(RunCommandTest, KeepsTheTailOfLongOutput) {
  Command command = Shell("i=0; while [ $i -lt 40000 ]; do echo line $i; i=$((i+1)); done");
  command.max_output = 1000;
  const CommandResult result = MustRun(command);
  EXPECT_TRUE(result.output_cut);
  EXPECT_EQ(result.out.size(), 1000U);
  EXPECT_THAT(result.Tail(20), "line 39999");
}

TEST(RunCommandTest, DoesNotWaitForWhatStaysInTheBackground) {
  const CommandResult result = MustRun(Shell("sleep 600 & echo $!"));
  int64_t pid = 0;
  ASSERT_TRUE(ParseInt(Trim(result.out), &pid));
  EXPECT_EQ(kill(static_cast<pid_t>(pid), SIGKILL), 0) << "it was to be left running";
}

class TimeoutTest : public TempDirTest {
 protected:
  pid_t PidIn(const std::string& name) {
    int64_t pid = 0;
    EXPECT_TRUE(ParseInt(Trim(Slurp(Path(name))), &pid)) << name;
    return static_cast<pid_t>(pid);
  }

  // Gone, or a zombie that init has not yet fetched.
  static bool IsGone(pid_t pid) {
    const std::string stat = Slurp("/proc/" + std::to_string(pid) + "/stat");
    return stat.empty() || stat.find(") Z ") != std::string::npos;
  }
};

TEST_F(TimeoutTest, KillsGrandchildrenWithTheirParent) {
  const std::string script = "echo before; sleep 600 & echo $! > " + Path("pid") + "; wait";
  const absl::StatusOr<CommandResult> result =
      RunCommand(Shell(script), Deadline::After(absl::Seconds(1)));
  ASSERT_EQ(result.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(Message(result.status())), HasSubstr("before"));
  const pid_t pid = PidIn("pid");
  for (int i = 0; i < 1000 && !IsGone(pid); ++i) {
    std::this_thread::yield();
    usleep(1000);
  }
  EXPECT_TRUE(IsGone(pid));
}

TEST_F(TimeoutTest, KillsWhatIgnoresTheFirstSignal) {
  const std::string script = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > " + Path("pid") +
                             "; sleep 600; sleep 600' & wait; wait";
  const absl::StatusOr<CommandResult> result =
      RunCommand(Shell(script), Deadline::After(absl::Seconds(1)));
  EXPECT_EQ(result.status().code(), absl::StatusCode::kDeadlineExceeded);
  const pid_t pid = PidIn("pid");
  for (int i = 0; i < 1000 && !IsGone(pid); ++i) {
    usleep(1000);
  }
  EXPECT_TRUE(IsGone(pid));
}

TEST(RunCommandTest, DoesNotStartWhenTimeIsUp) {
  EXPECT_EQ(RunCommand(Shell("true"), Deadline::Expired()).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

class ProgramTest : public TempDirTest {
 protected:
  absl::Status RunFile(const std::string& content, mode_t mode) {
    Write(Path("program"), content);
    EXPECT_EQ(chmod(Path("program").c_str(), mode), 0);
    Command command;
    command.argv = {Path("program")};
    return RunCommand(command, Soon()).status();
  }
};

TEST_F(ProgramTest, SaysWhyAProgramCannotBeRun) {
  EXPECT_TRUE(RunFile("#!/bin/sh\nexit 0\n", 0755).ok());
  EXPECT_EQ(RunFile("#!/bin/sh\n", 0644).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(RunFile("just text\n", 0755).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(RunFile("#!/no/such/interpreter\n", 0755).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(ProgramTest, LooksUpBareNamesOnlyInTheFixedPath) {
  Command command;
  for (const char* name : {"fettle-no-such-program", "/no/such/program"}) {
    command.argv = {name};
    EXPECT_EQ(RunCommand(command, Soon()).status().code(), absl::StatusCode::kNotFound) << name;
  }
  for (const char* name : {"", "./program", "bin/program"}) {
    command.argv = {name};
    EXPECT_EQ(RunCommand(command, Soon()).status().code(), absl::StatusCode::kInvalidArgument)
        << name;
  }
  command.argv = {};
  EXPECT_EQ(RunCommand(command, Soon()).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(RunCommandTest, RefusesUnknownUsersAndGroups) {
  Command command = Shell("true");
  command.user = "no-such-user";
  EXPECT_EQ(RunCommand(command, Soon()).status().code(), absl::StatusCode::kFailedPrecondition);
  command.user = "";
  command.group = "no-such-group";
  EXPECT_EQ(RunCommand(command, Soon()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(TailTest, KeepsWholeLinesAndPrefersErrors) {
  CommandResult result;
  result.out = "one\ntwo\n";
  EXPECT_EQ(result.Tail(), "one\ntwo");
  result.err = "bad\n";
  EXPECT_EQ(result.Tail(), "one\ntwo\nbad");
  result.err = std::string(100, 'e') + "\nlast error\n";
  EXPECT_THAT(result.Tail(30), HasSubstr("last error"));
  EXPECT_LE(result.Tail(30).size(), 31U);
}

// A server on loopback that gives one answer to one caller.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_.get(), 1), 0);
    getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, text = std::move(answer)] {
      const UniqueFd caller(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      char request[4096];
      if (recv(caller.get(), request, sizeof request, 0) > 0) {
        send(caller.get(), text.data(), text.size(), MSG_NOSIGNAL);
      }
    });
  }

  ~OneAnswer() {
    shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }

  uint16_t port() const { return port_; }

  std::string Url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/x"; }

 private:
  UniqueFd socket_;
  uint16_t port_ = 0;
  std::thread thread_;
};

TEST(HttpGetTest, GivesStatusAndBodyWithoutFollowing) {
  const OneAnswer server("HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 4\r\n\r\nbody");
  const absl::StatusOr<Prober::HttpAnswer> answer =
      LinuxCommands([] {}).HttpGet(server.Url(), Soon());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(answer->body, "body");
}

TEST(HttpGetTest, CutsALongBody) {
  const OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" +
                         std::string(200'000, 'x'));
  const absl::StatusOr<Prober::HttpAnswer> answer =
      LinuxCommands([] {}).HttpGet(server.Url(), Soon());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body.size(), 65536U);
}

TEST(HttpGetTest, TellsNoAnswerFromABadAddress) {
  uint16_t closed = 0;
  {
    const OneAnswer server("");
    closed = server.port();
    EXPECT_TRUE(LinuxCommands([] {}).TcpConnect("127.0.0.1", closed, Soon()).ok());
  }
  const LinuxCommands commands([] {});
  EXPECT_EQ(commands.TcpConnect("127.0.0.1", closed, Soon()).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(commands.HttpGet("http://127.0.0.1:" + std::to_string(closed), Soon()).status().code(),
            absl::StatusCode::kUnavailable);
  for (const char* url : {"file:///etc/passwd", "no url at all", ""}) {
    EXPECT_EQ(commands.HttpGet(url, Soon()).status().code(), absl::StatusCode::kInvalidArgument)
        << url;
  }
  EXPECT_EQ(commands.TcpConnect("a/b", 80, Soon()).code(), absl::StatusCode::kInvalidArgument);
}

TEST(LinuxCommandsTest, TellsOfEveryRunThatMayHaveChangedSomething) {
  int changes = 0;
  LinuxCommands commands([&changes] { ++changes; });
  ASSERT_TRUE(commands.Probe(Shell("true"), Soon()).ok());
  EXPECT_EQ(changes, 0);
  ASSERT_TRUE(commands.Run(Shell("false"), Soon()).ok());
  EXPECT_EQ(changes, 1);
}

}  // namespace
}  // namespace fettle::sys
