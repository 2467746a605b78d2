// SPDX-License-Identifier: Apache-2.0
// `fettle plan` and `fettle apply`: one code path up to the last step.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "agent/engine/engine.h"
#include "agent/engine/prepared.h"
#include "agent/engine/report_json.h"
#include "agent/engine/report_text.h"
#include "agent/journal/journal.h"
#include "agent/plans/plan_output.h"
#include "agent/undo/store.h"
#include "cli/local/catalog_cache.h"
#include "cli/local/evaluate_tree.h"
#include "cli/local/local_commands.h"
#include "cli/local/planning.h"
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
  std::string plan_id;   // apply: of the plan to carry out.
  std::string show;      // plan: of the plan to show.
  bool no_keep = false;  // plan.
  bool download = false;
  Subject subject;
  Output output;

  const char* word() const { return plan ? "plan" : "apply"; }
};

engine::RunOptions OptionsOf(const Arguments& arguments) {
  engine::RunOptions options;
  options.enforce = !arguments.audit;
  options.reason = arguments.word();
  options.deep = arguments.deep;
  if (!arguments.output.json()) {
    const engine::TextOptions text{.plan = false, .colour = arguments.output.UseColour()};
    options.on_resource = [text](const resource::ResourceReport& report) {
      Print(engine::ResourceText(report, text));
    };
    options.on_wait = [](const std::string& holder) {
      fmt::print(stderr, "fettle apply: waiting for another run to end ({})\n", holder);
    };
  }
  return options;
}

// A policy tree bound to this machine.
struct Bound {
  std::unique_ptr<policy::Tree> tree;
  std::unique_ptr<TreeBlobs> blobs;
  std::unique_ptr<journal::Journal> journal;
  std::unique_ptr<sys::Host> host;
  resource::Catalog catalog;
  std::optional<Digest> digest;  // Of the catalog, if it is known.
};

absl::StatusOr<Bound> Bind(const Arguments& arguments) {
  Bound bound;
  ASSIGN_OR_RETURN(policy::Tree tree, policy::LoadTree(arguments.tree));
  bound.tree = std::make_unique<policy::Tree>(std::move(tree));
  bound.blobs = std::make_unique<TreeBlobs>(*bound.tree);
  sys::LinuxHostOptions host_options;
  host_options.blobs = bound.blobs.get();
  ASSIGN_OR_RETURN(bound.journal,
                   arguments.plan ? journal::Journal::ReadOnly(arguments.state_dir)
                                  : journal::Journal::Open(arguments.state_dir));
  if (!arguments.plan) {
    host_options.hash_cache_file = arguments.state_dir + "/hashes";
  }
  bound.host = sys::MakeLinuxHost(host_options);
  const CatalogCache cache(
      arguments.state_dir + "/catalog",
      arguments.plan ? CatalogCache::Mode::kRead : CatalogCache::Mode::kReadAndWrite);
  ASSIGN_OR_RETURN(EvaluatedTree evaluated,
                   EvaluateTree(*bound.tree, arguments.subject, *bound.host, &cache));
  bound.catalog = std::move(evaluated.catalog);
  bound.digest = evaluated.digest;
  for (const std::string& message : bound.journal->TakeMessages()) {
    fmt::print(stderr, "fettle {}: {}\n", arguments.word(), message);
  }
  return bound;
}

absl::StatusOr<resource::RunReport> Converge(const Arguments& arguments) {
  const engine::RunOptions options = OptionsOf(arguments);
  if (!arguments.plan_id.empty()) {
    return CarryOut(arguments.plan_id, arguments.state_dir, options);
  }
  ASSIGN_OR_RETURN(const Bound bound, Bind(arguments));
  const SystemClock clock;
  ASSIGN_OR_RETURN(const std::unique_ptr<undo::Store> store,
                   undo::Store::Open(arguments.state_dir + "/undo"));
  engine::Engine engine(FindType, clock, bound.journal.get(), store.get());
  ASSIGN_OR_RETURN(const auto prepared,
                   engine::Prepared::Make(bound.catalog, FindType, bound.digest));
  return engine.Run(*prepared, *bound.host, options);
}

int RunConverge(const Arguments& arguments) {
  if (geteuid() != 0) {
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
    Print(engine::SummaryText(*report, {.plan = false, .colour = arguments.output.UseColour()}));
  }
  return resource::ExitCode(*report);
}

absl::StatusOr<plans::MadePlan> PlanTree(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, Bind(arguments));
  return MakePlan(bound.catalog,
                  *bound.host,
                  bound.journal.get(),
                  {.tree = arguments.tree,
                   .state_dir = arguments.state_dir,
                   .keep = !arguments.no_keep,
                   .download = arguments.download,
                   .deep = arguments.deep,
                   .text = !arguments.output.json(),
                   .colour = arguments.output.UseColour()});
}

int RunPlan(const Arguments& arguments) {
  if (!arguments.show.empty()) {
    return ShowPlan(arguments.show, arguments.state_dir, arguments.output);
  }
  const absl::StatusOr<plans::MadePlan> result = PlanTree(arguments);
  if (!result.ok()) {
    PrintError(arguments.word(), result.status());
    return kExitError;
  }
  const resource::RunReport& report = result->report;
  if (arguments.output.json()) {
    Print(plans::WithPlan(engine::ReportJson(report), result->plan) + "\n");
    return resource::ExitCode(report);
  }
  Print(engine::SummaryText(report, {.plan = true, .colour = arguments.output.UseColour()}));
  Print(plans::OpaqueLine(result->plan));
  if (result->kept) {
    const std::string id = plans::ShortId(result->plan.id);
    Print(fmt::format("Plan {0} is kept; to do exactly this: fettle apply --plan {0}\n", id));
  }
  return resource::ExitCode(report);
}

CLI::App* AddCommand(CLI::App& app,
                     const char* name,
                     const char* about,
                     const std::shared_ptr<Arguments>& arguments) {
  CLI::App* const command = app.add_subcommand(name, about);
  command->add_option("TREE", arguments->tree, "The policy tree: a folder with fleet.lua")
      ->check(NotEmpty)
      ->capture_default_str();
  command->add_option(
      "--host", arguments->subject.host, "Evaluate for this host name (default: this machine's)");
  command
      ->add_option(
          "--label", arguments->subject.labels, "A label of this host, key=value (again for more)")
      ->allow_extra_args(false);
  command->add_option("--state-dir", arguments->state_dir, "What is remembered from run to run")
      ->check(NotEmpty)
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
  CLI::App* const plan =
      AddCommand(app,
                 "plan",
                 "Show what apply would change on this machine, and keep that as a plan",
                 arguments);
  plan->footer(std::string(kExitCodes) +
               "\nHosts of a fleet are planned from the server: fettle run FILTER --plan\n"
               "\nExample: fettle plan mytree --label role=web");
  plan->add_option("--show", arguments->show, "Show a plan that is kept, by its id, and end")
      ->check(NotEmpty);
  plan->add_flag("--no-keep", arguments->no_keep, "Do not keep the plan");
  plan->add_flag("--download",
                 arguments->download,
                 "Fetch archives of packages that are not in apt's cache, to see what they bring");
  plan->callback([arguments, exit_code] { *exit_code = RunPlan(*arguments); });
}

void AddApplyCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const apply = AddCommand(
      app, "apply", "Bring this machine into the state that a policy tree declares", arguments);
  apply->add_flag("--audit", arguments->audit, "Look and report, change nothing");
  CLI::Option* const plan =
      apply
          ->add_option("--plan",
                       arguments->plan_id,
                       "Carry out a kept plan, and nothing else: what changed since is refused")
          ->check(NotEmpty);
  for (const char* other : {"TREE", "--host", "--label", "--audit"}) {
    plan->excludes(apply->get_option(other));
  }
  apply->footer(std::string(kExitCodes) + "\nExample: fettle apply mytree --label role=web");
  apply->callback([arguments, exit_code] { *exit_code = RunConverge(*arguments); });
}

}  // namespace fettle::cli
