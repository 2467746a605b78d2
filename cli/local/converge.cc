// SPDX-License-Identifier: Apache-2.0
// `fettle plan` and `fettle apply`: one code path up to the last step.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "agent/engine/engine.h"
#include "agent/engine/report_json.h"
#include "agent/engine/report_text.h"
#include "agent/journal/journal.h"
#include "cli/local/evaluate_tree.h"
#include "cli/local/local_commands.h"
#include "cli/terminal/output.h"
#include "lib/base/status_macros.h"
#include "lib/policy/load_tree.h"
#include "lib/sys/linux_host.h"
#include "modules/types.h"

namespace fettle::cli {
namespace {

constexpr char kExitCodes[] =
    "Exit codes: 0 nothing to do, 2 changes, 4 failures, 6 both, 1 usage or evaluation error.\n";

struct Arguments {
  bool plan = false;
  bool audit = false;
  bool deep = false;
  std::string tree = ".";
  std::string state_dir = "/var/lib/fettle";
  Subject subject;
  Output output;

  const char* word() const { return plan ? "plan" : "apply"; }
};

engine::RunOptions OptionsOf(const Arguments& arguments) {
  engine::RunOptions options;
  options.enforce = !arguments.plan && !arguments.audit;
  options.reason = arguments.word();
  options.deep = arguments.deep;
  if (!arguments.output.json()) {
    const engine::TextOptions text{.plan = arguments.plan, .colour = arguments.output.UseColour()};
    options.on_resource = [text](const resource::ResourceReport& report) {
      Print(engine::ResourceText(report, text));
    };
    options.on_wait = [](const std::string& holder) {
      fmt::print(stderr, "fettle apply: waiting for another run to end ({})\n", holder);
    };
  }
  return options;
}

absl::StatusOr<resource::RunReport> Converge(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const policy::Tree tree, policy::LoadTree(arguments.tree));
  const TreeBlobs blobs(tree);
  const bool looks_only = arguments.plan;
  sys::LinuxHostOptions host_options;
  host_options.blobs = &blobs;
  ASSIGN_OR_RETURN(auto journal,
                   looks_only ? journal::Journal::ReadOnly(arguments.state_dir)
                              : journal::Journal::Open(arguments.state_dir));
  if (!looks_only) {
    host_options.hash_cache_file = arguments.state_dir + "/hashes";
  }
  const std::unique_ptr<sys::Host> host = sys::MakeLinuxHost(host_options);
  ASSIGN_OR_RETURN(const resource::Catalog catalog, EvaluateTree(tree, arguments.subject, *host));
  for (const std::string& message : journal->TakeMessages()) {
    fmt::print(stderr, "fettle {}: {}\n", arguments.word(), message);
  }
  const SystemClock clock;
  engine::Engine engine(FindType, clock, journal.get());
  const engine::RunOptions options = OptionsOf(arguments);
  return looks_only ? engine.Plan(catalog, *host, options) : engine.Run(catalog, *host, options);
}

int RunConverge(const Arguments& arguments) {
  if (!arguments.plan && geteuid() != 0) {
    PrintError(
        arguments.word(),
        PermissionDenied(
            "needs root, because it changes this machine; `fettle plan` shows what it would do"));
    return kExitError;
  }
  const auto report = Converge(arguments);
  if (!report.ok()) {
    PrintError(arguments.word(), report.status());
    return kExitError;
  }
  if (arguments.output.json()) {
    Print(engine::ReportJson(*report) + "\n");
  } else {
    Print(engine::SummaryText(*report,
                              {.plan = arguments.plan, .colour = arguments.output.UseColour()}));
  }
  return resource::ExitCode(*report);
}

CLI::App* AddCommand(CLI::App& app,
                     const char* name,
                     const char* about,
                     const std::shared_ptr<Arguments>& arguments) {
  CLI::App* const command = app.add_subcommand(name, about);
  command->add_option("TREE", arguments->tree, "The policy tree: a folder with fleet.lua")
      ->capture_default_str();
  command->add_option(
      "--host", arguments->subject.host, "Evaluate for this host name (default: this machine's)");
  command->add_option(
      "--label", arguments->subject.labels, "A label of this host, key=value (again for more)");
  command->add_option("--state-dir", arguments->state_dir, "What is remembered from run to run")
      ->capture_default_str();
  command->add_flag("--deep",
                    arguments->deep,
                    "Read every file, also those unchanged since their digest was last verified");
  AddOutputOptions(*command, &arguments->output);
  return command;
}

}  // namespace

void AddPlanCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  arguments->plan = true;
  CLI::App* const plan = AddCommand(
      app, "plan", "Show what apply would change on this machine; writes nothing", arguments);
  plan->footer(std::string(kExitCodes) + "\nExample: fettle plan mytree --label role=web");
  plan->callback([arguments, exit_code] { *exit_code = RunConverge(*arguments); });
}

void AddApplyCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const apply = AddCommand(
      app, "apply", "Bring this machine into the state that a policy tree declares", arguments);
  apply->add_flag("--audit", arguments->audit, "Look and report, change nothing");
  apply->footer(std::string(kExitCodes) + "\nExample: fettle apply mytree --label role=web");
  apply->callback([arguments, exit_code] { *exit_code = RunConverge(*arguments); });
}

}  // namespace fettle::cli
