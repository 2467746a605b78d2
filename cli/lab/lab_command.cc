// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/lab_command.h"

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "cli/lab/lab.h"
#include "lib/base/status_macros.h"

namespace fettle::lab {
namespace {

// Everything that the options of all lab commands fill in.
struct Arguments {
  std::string name = "lab";
  std::string prefix = "host";
  std::string output = "table";
  std::string host;
  std::vector<std::string> hosts;
  std::vector<std::string> binds;
  std::vector<std::string> environment;
  int count = 0;
  int timeout_seconds = 60;
  bool all = false;
};

using ArgumentsPtr = std::shared_ptr<Arguments>;

void PrintLine(std::string_view line) {
  fmt::print("{}\n", line);
  static_cast<void>(std::fflush(stdout));
}

int Report(const absl::Status& status) {
  if (status.ok()) {
    return 0;
  }
  fmt::print(stderr, "fettle lab: {}\n", Message(status));
  return 1;
}

Lab MakeLab(const std::string& name) {
  return {State(kStateFolder), name, PrintLine};
}

absl::Status RunUp(const Arguments& arguments) {
  UpOptions options{.hosts = arguments.hosts,
                    .binds = arguments.binds,
                    .timeout = absl::Seconds(arguments.timeout_seconds)};
  const int count = arguments.count == 0 && options.hosts.empty() ? 1 : arguments.count;
  for (int i = 1; i <= count; ++i) {
    options.hosts.push_back(fmt::format("{}{}", arguments.prefix, i));
  }
  return MakeLab(arguments.name).Up(options);
}

absl::Status RunDown(const Arguments& arguments) {
  if (!arguments.all) {
    return MakeLab(arguments.name).Down(arguments.hosts);
  }
  absl::Status first = absl::OkStatus();
  for (const std::string& name : State(kStateFolder).Labs()) {
    first.Update(Annotate(MakeLab(name).Down({}), "lab " + name));
  }
  return first;
}

absl::StatusOr<int> RunExec(const Arguments& arguments, std::vector<std::string> words) {
  if (words.empty()) {
    return InvalidArgument("exec needs a host: fettle lab exec HOST -- COMMAND");
  }
  const std::string host = words.front();
  const bool separated = words.size() > 1 && words[1] == "--";
  words.erase(words.begin(), words.begin() + (separated ? 2 : 1));
  if (words.empty()) {
    words = {"/bin/bash", "-l"};
  }
  std::map<std::string, std::string> environment = {{"TERM", "xterm"}};
  for (const std::string& setting : arguments.environment) {
    const std::size_t equals = setting.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return InvalidArgument("--env {}: must be NAME=VALUE", setting);
    }
    environment[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return MakeLab(arguments.name).Exec(host, words, environment);
}

nlohmann::ordered_json ToJson(const LabStatus& lab) {
  nlohmann::ordered_json hosts = nlohmann::ordered_json::array();
  for (const HostStatus& host : lab.hosts) {
    hosts.push_back({{"name", host.name},
                     {"address", host.address},
                     {"state", host.state},
                     {"cut", host.cut},
                     {"pid", host.pid},
                     {"console_log", host.console_log}});
  }
  return {{"lab", lab.name}, {"bridge", lab.bridge}, {"gateway", lab.gateway}, {"hosts", hosts}};
}

void PrintTable(const std::vector<LabStatus>& labs) {
  constexpr const char* kRow = "{:<16} {:<16} {:<16} {:<10} {:<6} {}\n";
  fmt::print(kRow, "LAB", "HOST", "ADDRESS", "STATE", "CABLE", "PID");
  for (const LabStatus& lab : labs) {
    for (const HostStatus& host : lab.hosts) {
      fmt::print(kRow,
                 lab.name,
                 host.name,
                 host.address,
                 host.state,
                 host.cut ? "cut" : "in",
                 host.pid == 0 ? "-" : std::to_string(host.pid));
    }
  }
}

absl::Status RunList(const Arguments& arguments) {
  const State state(kStateFolder);
  std::vector<LabStatus> labs;
  for (const std::string& name :
       arguments.all ? state.Labs() : std::vector<std::string>{arguments.name}) {
    const absl::StatusOr<LabStatus> lab = MakeLab(name).List();
    if (lab.ok()) {
      labs.push_back(*lab);
    } else if (!absl::IsNotFound(lab.status())) {
      return lab.status();
    }
  }
  if (arguments.output == "table") {
    PrintTable(labs);
    return absl::OkStatus();
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const LabStatus& lab : labs) {
    list.push_back(ToJson(lab));
  }
  PrintLine(list.dump(2));
  return absl::OkStatus();
}

CLI::App* AddCommand(CLI::App& lab,
                     const ArgumentsPtr& arguments,
                     const std::string& command,
                     const std::string& description) {
  CLI::App* added = lab.add_subcommand(command, description);
  added->add_option("--name", arguments->name, "Which lab; several can exist at once")
      ->capture_default_str();
  return added;
}

void AddTimeout(CLI::App* command, const ArgumentsPtr& arguments) {
  command->add_option("--timeout", arguments->timeout_seconds, "Seconds to wait for the boot")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600));
}

void AddUp(CLI::App& lab, const ArgumentsPtr& arguments, int* exit_code) {
  CLI::App* up = AddCommand(lab, arguments, "up", "Make and boot hosts; those that exist stay");
  up->add_option("HOST", arguments->hosts, "Hosts by name, beside those of --hosts");
  up->add_option("--hosts", arguments->count, "How many hosts, named after --prefix")
      ->check(CLI::Range(1, 200));
  up->add_option("--prefix", arguments->prefix, "host gives host1, host2, …")
      ->capture_default_str();
  up->add_option("--bind",
                 arguments->binds,
                 "PATH[:DEST] of this machine, shown read-only in new hosts (again for more)")
      ->allow_extra_args(false)
      ->allow_extra_args(false);
  AddTimeout(up, arguments);
  up->callback([arguments, exit_code] { *exit_code = Report(RunUp(*arguments)); });
}

void AddExec(CLI::App& lab, const ArgumentsPtr& arguments, int* exit_code) {
  CLI::App* exec = AddCommand(lab,
                              arguments,
                              "exec",
                              "Run a command in a host as root: exec [OPTIONS] HOST [--] COMMAND…; "
                              "its exit code is ours; a shell without COMMAND");
  exec->add_option("--env", arguments->environment, "NAME=VALUE for the command (again for more)")
      ->allow_extra_args(false)
      ->allow_extra_args(false);
  // Not a positional option: CLI11 takes values like "[ -f x ]" apart.
  exec->prefix_command();
  exec->callback([arguments, exec, exit_code] {
    const absl::StatusOr<int> code = RunExec(*arguments, exec->remaining());
    *exit_code = code.ok() ? *code : Report(code.status());
  });
}

// A command with one host as its argument.
void AddHostCommand(CLI::App* command,
                    const ArgumentsPtr& arguments,
                    int* exit_code,
                    const std::function<absl::Status(Lab, const Arguments&)>& run) {
  command->add_option("HOST", arguments->host, "The host's name")->required();
  command->callback([arguments, exit_code, run] {
    *exit_code = Report(run(MakeLab(arguments->name), *arguments));
  });
}

void AddHostCommands(CLI::App& lab, const ArgumentsPtr& arguments, int* exit_code) {
  CLI::App* boot =
      AddCommand(lab, arguments, "boot", "Boot a host that is off, with the files it had");
  AddTimeout(boot, arguments);
  AddHostCommand(boot, arguments, exit_code, [](Lab hosts, const Arguments& given) {
    return hosts.Boot(given.host, absl::Seconds(given.timeout_seconds));
  });
  AddHostCommand(AddCommand(lab, arguments, "kill", "Loss of power: end a host at once"),
                 arguments,
                 exit_code,
                 [](Lab hosts, const Arguments& given) { return hosts.Kill(given.host); });
  AddHostCommand(AddCommand(lab, arguments, "cut", "Pull a host's network cable"),
                 arguments,
                 exit_code,
                 [](Lab hosts, const Arguments& given) { return hosts.Cut(given.host); });
  AddHostCommand(AddCommand(lab, arguments, "join", "Plug a host's network cable in again"),
                 arguments,
                 exit_code,
                 [](Lab hosts, const Arguments& given) { return hosts.Join(given.host); });
}

void AddListAndDown(CLI::App& lab, const ArgumentsPtr& arguments, int* exit_code) {
  CLI::App* list = AddCommand(lab, arguments, "list", "Show the hosts of a lab");
  list->add_flag("--all", arguments->all, "Of every lab");
  list->add_option("-o,--output", arguments->output, "table or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"table", "json"}));
  list->callback([arguments, exit_code] { *exit_code = Report(RunList(*arguments)); });

  CLI::App* down = AddCommand(
      lab, arguments, "down", "Remove hosts, or the whole lab, and what crashes left of them");
  down->add_option("HOST", arguments->hosts, "Only these hosts");
  down->add_flag("--all", arguments->all, "Every lab");
  down->callback([arguments, exit_code] { *exit_code = Report(RunDown(*arguments)); });
}

}  // namespace

void AddLabCommands(CLI::App& app, int* exit_code) {
  CLI::App* lab = app.add_subcommand("lab", "Throwaway test hosts: booted clones of this machine");
  lab->require_subcommand(1);
  const auto arguments = std::make_shared<Arguments>();
  AddUp(*lab, arguments, exit_code);
  AddExec(*lab, arguments, exit_code);
  AddHostCommands(*lab, arguments, exit_code);
  AddListAndDown(*lab, arguments, exit_code);
}

}  // namespace fettle::lab
