// SPDX-License-Identifier: Apache-2.0
// `fettle rehearse`: the work is done by a child, so that whatever ends it, the clone is removed.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "cli/lab/files.h"
#include "cli/lab/lab.h"
#include "cli/lab/lab_command.h"
#include "cli/lab/process.h"
#include "cli/lab/rehearse.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::lab {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kLabPrefix = "rehearse-p";
constexpr std::string_view kFetchedPrefix = "/run/fettle-rehearse-p";
constexpr int kExitError = 1;

struct Arguments {
  RehearsalOptions options;
  std::string tree = ".";
  std::string network = "none";
  std::string output = "table";
  int64_t memory_mib = 1024;
  int minutes = 15;
};

// What a signal handler can reach is global by nature. g_child leads the group that rehearses.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): see above.
volatile sig_atomic_t g_signal = 0;
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): see above.
volatile sig_atomic_t g_child = 0;

void Stop(int signal) {
  g_signal = signal;
  if (g_child > 0) {
    kill(-g_child, SIGKILL);
  }
}

void CatchSignals() {
  struct sigaction action {};

  action.sa_handler = Stop;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    sigaction(signal, &action, nullptr);
  }
}

int Fail(const absl::Status& status) {
  fmt::print(stderr, "fettle rehearse: {}\n", Message(status));
  return kExitError;
}

ordered_json ReportOf(const std::string& text) {
  ordered_json report = ordered_json::parse(text, nullptr, false);
  return report.is_discarded() ? ordered_json() : report;
}

void PrintJson(const Rehearsal& result) {
  ordered_json files = ordered_json::array();
  for (const FileChange& file : result.files) {
    files.push_back({{"path", file.path}, {"change", file.change}});
  }
  const ordered_json json = {{"exit_code", result.first_exit},
                             {"quiet", result.quiet()},
                             {"files", files},
                             {"bookkeeping_files", result.bookkeeping},
                             {"packages", result.packages},
                             {"users", result.users},
                             {"groups", result.groups},
                             {"units", result.units},
                             {"failed_units", result.failed_units},
                             {"errors", result.errors},
                             {"first_run", ReportOf(result.first_report)},
                             {"second_run", ReportOf(result.second_report)}};
  fmt::print("{}\n", json.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

void PrintList(std::string_view title, const std::vector<std::string>& items) {
  if (!items.empty()) {
    fmt::print("{}:\n", title);
  }
  for (const std::string& item : items) {
    fmt::print("  {}\n", item);
  }
}

void PrintFailures(std::string_view run, const std::string& text) {
  const ordered_json report = ReportOf(text);
  if (!report.is_object()) {
    return;
  }
  for (const ordered_json& resource : report.value("resources", ordered_json::array())) {
    const std::string state = resource.value("state", "");
    if (state == "failed" || state == "blocked" || (run == "second" && state == "changed")) {
      fmt::print("  {} run: {} {}: {}\n",
                 run,
                 resource.value("id", ""),
                 state,
                 resource.value("error", ""));
    }
  }
}

void PrintText(const Rehearsal& result) {
  std::vector<std::string> files;
  for (const FileChange& file : result.files) {
    files.push_back(fmt::format("{:<8} {}", file.change, file.path));
  }
  PrintList("Files", files);
  if (result.bookkeeping > 0) {
    fmt::print("  and {} of logs, caches and the package database\n", result.bookkeeping);
  }
  PrintList("Packages", result.packages);
  PrintList("Users", result.users);
  PrintList("Groups", result.groups);
  PrintList("Units", result.units);
  PrintList("Failed units", result.failed_units);
  if (!result.errors.empty()) {
    fmt::print("{}", result.errors);
  }
  fmt::print(
      "The run in the clone ended with exit code {}; a second one {}.\n",
      result.first_exit,
      result.quiet() ? "is quiet" : fmt::format("is NOT quiet: exit code {}", result.second_exit));
  PrintFailures("first", result.first_report);
  PrintFailures("second", result.second_report);
}

int ExitCodeOf(const Rehearsal& result) {
  const bool bad = !result.quiet() || !result.failed_units.empty();
  if (result.first_report.empty()) {
    return kExitError;
  }
  return result.first_exit | (bad ? 4 : 0);
}

int Work(const std::string& lab, const Arguments& arguments) {
  const absl::StatusOr<Rehearsal> result = Rehearse(lab, arguments.options);
  if (!result.ok()) {
    return Fail(result.status());
  }
  if (arguments.output == "json") {
    PrintJson(*result);
  } else {
    PrintText(*result);
  }
  static_cast<void>(std::fflush(stdout));
  return ExitCodeOf(*result);
}

// Makes `arguments->options.tree` the folder that `arguments->tree` names: the folder itself, or,
// of a revision, one that is filled from the server and belongs to this process. That is done by
// another process: this one is going to fork and must stay without threads.
absl::Status FindTree(Arguments* arguments) {
  std::error_code error;
  arguments->options.tree = std::filesystem::canonical(arguments->tree, error).string();
  if (!error) {
    return absl::OkStatus();
  }
  if (arguments->tree.find_first_of("/.") != std::string::npos) {
    return InvalidArgument("{}: {}", arguments->tree, error.message());
  }
  arguments->options.tree = fmt::format("{}{}", kFetchedPrefix, getpid());
  const std::vector<std::string> argv = {
      arguments->options.program, "show", arguments->tree, "--to", arguments->options.tree};
  const absl::Status fetched = RunProgram(argv, "", Deadline::After(absl::Minutes(5)));
  return fetched.ok() ? fetched
                      : InvalidArgument("{}: there is no such folder, and no such revision: {}",
                                        arguments->tree,
                                        Message(fetched));
}

// Clones of rehearsals that were killed before they could remove them.
void RemoveDead() {
  const State state(kStateFolder);
  for (const std::string& name : state.Labs()) {
    int64_t pid = 0;
    if (name.starts_with(kLabPrefix) && ParseInt(name.substr(kLabPrefix.size()), &pid) &&
        !Exists(fmt::format("/proc/{}", pid))) {
      Lab(state, name, [](std::string_view /*line*/) {}).Down({}).IgnoreError();
    }
  }
  for (const std::string& name : ListFolder("/run")) {
    const std::string path = "/run/" + name;
    int64_t pid = 0;
    if (path.starts_with(kFetchedPrefix) && ParseInt(path.substr(kFetchedPrefix.size()), &pid) &&
        !Exists(fmt::format("/proc/{}", pid))) {
      RemoveFolder(path).IgnoreError();
    }
  }
}

// Starts a child, in a group of its own, that rehearses and exits with the code.
pid_t StartWork(const std::string& lab, const Arguments& arguments) {
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
      static_cast<void>(signal(signal_number, SIG_DFL));
    }
    _exit(Work(lab, arguments));
  }
  if (child > 0) {
    setpgid(child, child);
    g_child = child;
    if (g_signal != 0) {
      kill(-child, SIGKILL);
    }
  }
  return child;
}

int WaitFor(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  g_child = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : kExitError;
}

void RemoveFetched() {
  RemoveFolder(fmt::format("{}{}", kFetchedPrefix, getpid())).IgnoreError();
}

int RunRehearsal(Arguments& arguments) {
  if (geteuid() != 0) {
    return Fail(PermissionDenied("needs root: a clone of this machine is mounted and booted"));
  }
  RemoveDead();
  std::error_code error;
  arguments.options.program = std::filesystem::read_symlink("/proc/self/exe", error).string();
  if (const absl::Status status = FindTree(&arguments); !status.ok()) {
    RemoveFetched();
    return Fail(status);
  }
  arguments.options.host_network = arguments.network == "host";
  arguments.options.memory_bytes = static_cast<uint64_t>(arguments.memory_mib) << 20;
  arguments.options.timeout = absl::Minutes(arguments.minutes);
  if (arguments.options.host.empty()) {
    arguments.options.host = std::string(Trim(ReadText("/proc/sys/kernel/hostname").value_or("")));
  }
  CatchSignals();
  const std::string lab = fmt::format("{}{}", kLabPrefix, getpid());
  const pid_t child = StartWork(lab, arguments);
  if (child < 0) {
    RemoveFetched();
    return Fail(ErrnoStatus(errno, "cannot start the rehearsal"));
  }
  const int exit_code = WaitFor(child);
  const absl::Status removed =
      Lab(State(kStateFolder), lab, [](std::string_view /*line*/) {}).Down({});
  RemoveFetched();
  if (g_signal != 0) {
    fmt::print(stderr, "fettle rehearse: stopped; the clone is removed\n");
    return 128 + g_signal;
  }
  return removed.ok() ? exit_code : Fail(removed);
}

}  // namespace

void AddRehearseCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "rehearse", "Apply a policy tree to a throwaway clone of this machine; show what changed");
  command
      ->add_option(
          "TREE",
          arguments->tree,
          "The policy tree: a folder with fleet.lua, or a revision or channel of the server")
      ->capture_default_str();
  command->add_option(
      "--host", arguments->options.host, "Evaluate for this host name (default: this machine's)");
  command
      ->add_option(
          "--label", arguments->options.labels, "A label of this host, key=value (again for more)")
      ->allow_extra_args(false);
  command->add_option("--network", arguments->network, "none, or host: share this machine's")
      ->capture_default_str()
      ->check(CLI::IsMember({"none", "host"}));
  command->add_option("--memory", arguments->memory_mib, "MiB that the clone may use")
      ->capture_default_str()
      ->check(CLI::Range(128, 1 << 20));
  command->add_option("--cpu", arguments->options.cpu_percent, "Percent of a processor")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  command->add_option("--timeout", arguments->minutes, "Minutes that each of the two runs may take")
      ->capture_default_str()
      ->check(CLI::Range(1, 1440));
  command->add_option("-o,--output", arguments->output, "table or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"table", "json"}));
  command->footer(
      "Exit codes: as apply has them for the run in the clone (0, 2, 4, 6), with 4 added when the "
      "second run is not\nquiet or a unit failed; 1 error.\n\n"
      "Examples: fettle rehearse mytree --network host\n          fettle rehearse r42");
  command->callback([arguments, exit_code] { *exit_code = RunRehearsal(*arguments); });
}

}  // namespace fettle::lab
