// SPDX-License-Identifier: Apache-2.0
// `fettle undo`: puts back what a run changed on this machine.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "agent/control/ask_agent.h"
#include "agent/engine/report_json.h"
#include "agent/engine/report_text.h"
#include "agent/journal/journal.h"
#include "agent/undo/undo_run.h"
#include "cli/local/local_commands.h"
#include "cli/terminal/output.h"
#include "lib/base/status_macros.h"
#include "lib/sys/linux_host.h"

namespace fettle::cli {
namespace {

using nlohmann::ordered_json;

constexpr char kCommand[] = "undo";
constexpr int kExitNotAll = 4;
constexpr char kStateDir[] = "/var/lib/fettle";  // The agent's.

struct Arguments {
  std::string run;
  bool list = false;
  bool yes = false;
  bool plan_only = false;
  std::string state_dir = kStateDir;
  Output output;
};

// What stands in a row of the list.
struct Row {
  undo::RunRecord record;

  std::size_t changes() const {
    std::size_t count = 0;
    for (const undo::Change& change : record.changes) {
      count += change.after.has_value() || !record.ended ? change.resources.size() : 0;
    }
    return count;
  }

  const char* state() const {
    return record.complete()        ? "undone"
           : !record.undone.empty() ? "undone in part"
           : !record.ended          ? "interrupted"
                                    : "";
  }
};

void PrintList(const std::vector<Row>& rows, const Output& output) {
  if (output.json()) {
    ordered_json json = ordered_json::array();
    for (const Row& row : rows) {
      json.push_back({{"run", row.record.began.run},
                      {"started", Rfc3339(row.record.began.at)},
                      {"reason", row.record.began.reason},
                      {"revision", row.record.began.revision},
                      {"changes", row.changes()},
                      {"opaque", row.record.opaque.size()},
                      {"state", row.state()}});
    }
    Print(ordered_json({{"runs", json}}).dump(2) + "\n");
    return;
  }
  Table table({"RUN", "WHEN", "REASON", "REVISION", "CHANGES", "STATE"});
  for (const Row& row : rows) {
    table.Add({{row.record.began.run},
               {Rfc3339(row.record.began.at)},
               {row.record.began.reason},
               {row.record.began.revision.empty() ? "-" : row.record.began.revision},
               {fmt::format("{}", row.changes())},
               {row.state()}});
  }
  output.Print(table, "No run here can be undone.\n");
}

absl::Status List(const Arguments& arguments, const undo::Store& store) {
  ASSIGN_OR_RETURN(const std::vector<std::string> runs, store.Runs());
  std::vector<Row> rows;
  for (const std::string& run : runs) {
    ASSIGN_OR_RETURN(undo::RunRecord record, store.Read(run));
    rows.push_back({std::move(record)});
  }
  PrintList(rows, arguments.output);
  return absl::OkStatus();
}

std::string PlanText(const undo::Plan& plan) {
  std::string text;
  for (const undo::Step& step : plan.steps) {
    const bool back = step.verdict == undo::Verdict::kPutBack;
    const char* const sign = back ? "<" : step.verdict == undo::Verdict::kAlready ? " " : "!";
    for (const std::string& resource : step.resources) {
      text += fmt::format("{} {}  {}{}{}\n",
                          sign,
                          resource,
                          undo::VerdictName(step.verdict),
                          step.why.empty() ? "" : ": ",
                          step.why);
    }
    for (const std::string& part : step.parts) {
      text += back ? fmt::format("    {}\n", part) : "";
      if (part.starts_with("package ") && back) {
        text +=
            "      (what its maintainer scripts did is not undone; purged data does not come "
            "back)\n";
      }
    }
  }
  for (const undo::Opaque& opaque : plan.run.opaque) {
    text += fmt::format("! {}  cannot: {}\n", opaque.resource, opaque.why);
  }
  for (const undo::Told& told : plan.run.told) {
    text += fmt::format("  {}  is {} again\n",
                        told.unit,
                        told.kind == resource::RefreshKind::kRestart ? "restarted" : "reloaded");
  }
  return text + plan.Coverage() + "\n";
}

ordered_json PlanJson(const undo::Plan& plan) {
  ordered_json steps = ordered_json::array();
  for (const undo::Step& step : plan.steps) {
    steps.push_back({{"resources", step.resources},
                     {"verdict", undo::VerdictName(step.verdict)},
                     {"why", step.why},
                     {"parts", step.parts}});
  }
  ordered_json opaque = ordered_json::array();
  for (const undo::Opaque& one : plan.run.opaque) {
    opaque.push_back({{"resource", one.resource}, {"why", one.why}});
  }
  return {{"run", plan.run.began.run},
          {"revision", plan.run.began.revision},
          {"covered", plan.covered},
          {"total", plan.total},
          {"coverage", plan.Coverage()},
          {"steps", steps},
          {"opaque", opaque}};
}

// Whether somebody at the terminal says yes.
bool Agreed() {
  if (::isatty(STDIN_FILENO) == 0) {
    return false;
  }
  fmt::print(stderr, "Put this back? [y/N] ");
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y';
}

// The agent, if one runs here, tells the server at once; if none does, it will when it starts.
void TellAgent(const std::string& state_dir) {
  constexpr absl::Duration kPatience = absl::Seconds(5);
  if (state_dir == kStateDir) {
    static_cast<void>(
        agent::AskAgent(agent::kControlSocket, {"undone"}, Deadline::After(kPatience)));
  }
}

absl::StatusOr<int> Undo(const Arguments& arguments, undo::Store& store) {
  ASSIGN_OR_RETURN(const std::string run, store.Find(arguments.run));
  sys::LinuxHostOptions host_options;
  if (!arguments.plan_only) {
    host_options.hash_cache_file = arguments.state_dir + "/hashes";
  }
  const std::unique_ptr<sys::Host> host = sys::MakeLinuxHost(host_options);
  ASSIGN_OR_RETURN(const undo::Plan plan, undo::MakePlan(store, run, {}, *host, Deadline::Never()));
  if (arguments.plan_only || !arguments.output.json()) {
    Print(arguments.output.json() ? PlanJson(plan).dump(2) + "\n" : PlanText(plan));
  }
  if (arguments.plan_only) {
    return plan.covered == plan.total ? 0 : kExitNotAll;
  }
  if (!arguments.yes && !Agreed()) {
    return FailedPrecondition("nothing was done; --yes does it without asking");
  }
  ASSIGN_OR_RETURN(const auto journal, journal::Journal::Open(arguments.state_dir));
  const SystemClock clock;
  undo::UndoTask task;
  task.run = run;
  task.state_dir = arguments.state_dir;
  task.on_wait = [](const std::string& holder) {
    fmt::print(stderr, "fettle undo: waiting for another run to end ({})\n", holder);
  };
  ASSIGN_OR_RETURN(const resource::RunReport report,
                   undo::UndoRun(task, store, *journal, *host, clock));
  TellAgent(arguments.state_dir);
  const engine::TextOptions text{.plan = false, .colour = arguments.output.UseColour()};
  Print(arguments.output.json() ? engine::ReportJson(report) + "\n"
                                : engine::ReportText(report, text));
  return report.counts.failed == 0 ? 0 : kExitNotAll;
}

absl::StatusOr<int> Run(const Arguments& arguments) {
  if (geteuid() != 0) {
    return PermissionDenied("needs root: what was before is for root alone");
  }
  ASSIGN_OR_RETURN(const auto store, undo::Store::Open(arguments.state_dir + "/undo"));
  if (arguments.list) {
    RETURN_IF_ERROR(List(arguments, *store));
    return 0;
  }
  if (arguments.run.empty()) {
    return InvalidArgument("which run? `fettle undo --list` shows them; `last` is the latest");
  }
  return Undo(arguments, *store);
}

}  // namespace

void AddUndoCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand(kCommand, "Put back what a run changed on this machine");
  command->add_option("RUN", arguments->run, "The run: its id, the end of it, or `last`");
  command->add_flag("--list", arguments->list, "Show the runs that can be undone");
  command->add_flag("--dry-run", arguments->plan_only, "Show what would be put back, do nothing");
  command->add_flag("--yes", arguments->yes, "Do not ask");
  command->add_option("--state-dir", arguments->state_dir, "What is remembered from run to run")
      ->check(NotEmpty)
      ->capture_default_str();
  AddOutputOptions(*command, &arguments->output);
  command->footer(
      "An agent that enforces the revision that was undone only looks and reports from then on, "
      "until another\nrevision is assigned or `fettle-agent resume`.\n\nExit codes: 0 all of it "
      "is as before, 4 not all of it, 1 nothing was done.\n\nExample: fettle undo last --dry-run");
  command->callback([arguments, exit_code] {
    const absl::StatusOr<int> code = Run(*arguments);
    if (!code.ok()) {
      PrintError(kCommand, code.status());
    }
    *exit_code = code.ok() ? *code : kExitError;
  });
}

}  // namespace fettle::cli
