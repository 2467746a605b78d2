// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/guest.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>

#include "cli/lab/cgroup.h"
#include "cli/lab/files.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::lab {
namespace {

constexpr const char* kNspawn = "/usr/bin/systemd-nspawn";

// What a real host's root may call and nspawn withholds: an agent watches files by fanotify.
constexpr const char* kExtraSystemCalls =
    "--system-call-filter=fanotify_init fanotify_mark open_by_handle_at name_to_handle_at";

// Runs in the forked child: waits for the parent's word, then becomes systemd-nspawn.
[[noreturn]] void BecomeSupervisor(const GuestPlan& plan,
                                   const std::vector<std::string>& argv,
                                   int gate) {
  setsid();
  umask(022);
  const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const std::string log = plan.folder + "/console.log";
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  char word = 0;
  const bool released = read(gate, &word, 1) == 1;
  if (!released || input < 0 || output < 0 || chdir("/") != 0) {
    _exit(1);
  }
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  const absl::Status joined = JoinCgroups(plan.cgroups);
  if (!joined.ok()) {
    const std::string message = fmt::format("{}\n", Message(joined));
    const ssize_t ignored = write(STDERR_FILENO, message.data(), message.size());
    static_cast<void>(ignored);
    _exit(1);
  }
  _exit(ExecProgram(argv));
}

absl::StatusOr<std::string> CaptureInside(const ProcessId& supervisor,
                                          const std::vector<std::string>& argv,
                                          Deadline deadline) {
  ASSIGN_OR_RETURN(const ProcessId leader, LeaderOf(supervisor));
  const auto body = [&leader, &argv] {
    const absl::StatusOr<int> code = RunInside(leader, argv, {});
    return code.ok() ? *code : 1;
  };
  ASSIGN_OR_RETURN(const RunResult result, RunForked(body, "", deadline));
  return result.output;
}

// Whether `pid` is PID 1 of a namespace below ours and has left systemd-nspawn's own code.
bool IsLeader(pid_t pid) {
  const absl::StatusOr<std::string> text = ReadText(fmt::format("/proc/{}/status", pid));
  std::error_code error;
  const std::filesystem::path program =
      std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), error);
  if (!text.ok() || error || program.filename() == "systemd-nspawn") {
    return false;
  }
  for (const std::string_view line : SplitLines(*text)) {
    if (line.starts_with("NSpid:")) {
      return SplitWords(line).back() == "1";
    }
  }
  return false;
}

std::optional<ProcessId> FindLeader(const ProcessId& supervisor) {
  if (!IsAlive(supervisor)) {
    return std::nullopt;
  }
  const absl::StatusOr<std::string> children =
      ReadText(fmt::format("/proc/{0}/task/{0}/children", supervisor.pid));
  for (const std::string_view word : SplitWords(children.value_or(""))) {
    int64_t pid = 0;
    if (ParseInt(word, &pid) && IsLeader(static_cast<pid_t>(pid))) {
      const absl::StatusOr<ProcessId> leader = Identify(static_cast<pid_t>(pid));
      return leader.ok() ? std::optional(*leader) : std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> NspawnArguments(const GuestPlan& plan) {
  std::vector<std::string> argv = {
      kNspawn,
      "--quiet",
      "--boot",
      "--directory=" + plan.folder + "/root",
      "--machine=" + plan.machine,
      "--hostname=" + plan.host,
      "--register=no",
      plan.bridge.empty() ? "--resolv-conf=copy-host" : "--resolv-conf=off",
      "--timezone=off",
      "--link-journal=no",
      "--console=read-only",
      kExtraSystemCalls};
  if (!plan.bridge.empty()) {
    argv.push_back("--network-bridge=" + plan.bridge);
  }
  // Of the scope that systemd makes for it; elsewhere the groups have the limits (LimitCgroups).
  if (plan.cgroups.empty() && plan.memory_bytes > 0) {
    argv.push_back(fmt::format("--property=MemoryMax={}", plan.memory_bytes));
  }
  if (plan.cgroups.empty() && plan.cpu_percent > 0) {
    argv.push_back(fmt::format("--property=CPUQuota={}%", plan.cpu_percent));
  }
  // With a group made for it, nspawn must stay in it; otherwise systemd gives it a scope.
  if (!plan.cgroups.empty()) {
    argv.emplace_back("--keep-unit");
  }
  for (const std::string& bind : plan.binds) {
    argv.push_back("--bind-ro=" + bind);
  }
  return argv;
}

absl::Status CheckPrograms() {
  if (access(kNspawn, X_OK) != 0) {
    return FailedPrecondition("{} is missing; install it: apt-get install systemd-container",
                              kNspawn);
  }
  if (access("/sbin/ip", X_OK) != 0 && access("/bin/ip", X_OK) != 0) {
    return FailedPrecondition("the program `ip` is missing; install it: apt-get install iproute2");
  }
  if (access("/lib/systemd/systemd", X_OK) != 0) {
    return FailedPrecondition(
        "this machine has no systemd that a clone could boot; install it: apt-get install systemd "
        "systemd-sysv dbus");
  }
  return absl::OkStatus();
}

absl::StatusOr<ProcessId> StartGuest(const GuestPlan& plan,
                                     const std::function<absl::Status(const ProcessId&)>& record) {
  const std::vector<std::string> argv = NspawnArguments(plan);
  std::array<int, 2> gate;
  if (pipe2(gate.data(), O_CLOEXEC) != 0) {
    return ErrnoStatus(errno, "cannot make a pipe");
  }
  const pid_t pid = fork();
  if (pid == 0) {
    close(gate[1]);
    BecomeSupervisor(plan, argv, gate[0]);
  }
  close(gate[0]);
  absl::StatusOr<ProcessId> supervisor =
      pid < 0 ? ErrnoStatus(errno, "cannot start systemd-nspawn") : Identify(pid);
  absl::Status status = supervisor.status();
  if (status.ok()) {
    status = record(*supervisor);
  }
  // Closing the gate without the word makes the child end.
  if (status.ok() && write(gate[1], "g", 1) != 1) {
    status = ErrnoStatus(errno, "cannot start systemd-nspawn");
  }
  close(gate[1]);
  RETURN_IF_ERROR(status);
  return supervisor;
}

absl::StatusOr<ProcessId> LeaderOf(const ProcessId& supervisor) {
  const std::optional<ProcessId> leader = FindLeader(supervisor);
  if (!leader) {
    return Unavailable("the host is not running");
  }
  return *leader;
}

std::string GuestState(const ProcessId& supervisor, Deadline deadline) {
  if (!IsAlive(supervisor)) {
    return "off";
  }
  const std::optional<ProcessId> leader = FindLeader(supervisor);
  // systemctl would wait for this socket longer than we do.
  if (!leader || !Exists(fmt::format("/proc/{}/root/run/systemd/private", leader->pid))) {
    return "starting";
  }
  const absl::StatusOr<std::string> output =
      CaptureInside(supervisor, {"systemctl", "is-system-running"}, deadline);
  const std::string state(Trim(output.value_or("")));
  const bool known =
      state == "running" || state == "degraded" || state == "maintenance" || state == "stopping";
  return known ? state : "starting";
}

std::vector<std::string> FailedUnits(const ProcessId& supervisor, Deadline deadline) {
  const absl::StatusOr<std::string> output = CaptureInside(
      supervisor, {"systemctl", "--failed", "--plain", "--no-legend", "--no-pager"}, deadline);
  std::vector<std::string> units;
  if (output.ok()) {
    for (const std::string_view line : SplitLines(*output)) {
      const std::vector<std::string_view> words = SplitWords(line);
      if (!words.empty()) {
        units.emplace_back(words.front());
      }
    }
  }
  return units;
}

absl::Status KillGuest(const ProcessId& supervisor, Deadline deadline) {
  // The guest first: nspawn then tidies up after it and ends by itself.
  if (const std::optional<ProcessId> leader = FindLeader(supervisor)) {
    RETURN_IF_ERROR(KillProcess(*leader));
    if (WaitForEnd(supervisor, deadline.Within(absl::Seconds(5))).ok()) {
      return absl::OkStatus();
    }
  }
  RETURN_IF_ERROR(KillProcess(supervisor));
  return WaitForEnd(supervisor, deadline);
}

}  // namespace fettle::lab
