// SPDX-License-Identifier: Apache-2.0
// `fettle plans` and `fettle plan --show`: the plans that are kept.
#include <memory>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "agent/plans/plan_output.h"
#include "agent/plans/plan_store.h"
#include "cli/local/local_commands.h"
#include "cli/local/planning.h"
#include "cli/terminal/output.h"
#include "lib/base/status_macros.h"

namespace fettle::cli {
namespace {

struct Arguments {
  std::string state_dir = "/var/lib/fettle";
  Output output;
};

}  // namespace

int ShowPlan(const std::string& id, const std::string& state_dir, const Output& output) {
  const absl::StatusOr<plans::StoredPlan> plan = plans::PlanStore(PlansFolder(state_dir)).Load(id);
  if (!plan.ok()) {
    PrintError("plan", plan.status());
    return kExitError;
  }
  Print(output.json() ? plans::PlanJson(*plan) + "\n" : plans::PlanText(*plan));
  return 0;
}

void AddPlansCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand("plans", "List the plans that are kept on this machine, newest first");
  command->add_option("--state-dir", arguments->state_dir, "What is remembered from run to run")
      ->check(NotEmpty)
      ->capture_default_str();
  AddOutputOptions(*command, &arguments->output);
  command->footer(
      "Plans are kept for 7 days, at most 50. Exit codes: 0 done, 1 error.\n\n"
      "Example: fettle plan --show 3f0c21; fettle apply --plan 3f0c21");
  command->callback([arguments, exit_code] {
    std::vector<std::string> damaged;
    const auto plans = plans::PlanStore(PlansFolder(arguments->state_dir)).List(&damaged);
    for (const std::string& one : damaged) {
      PrintError("plans", absl::DataLossError(one));
    }
    Print(arguments->output.json() ? plans::PlansJson(plans) + "\n" : plans::PlansText(plans));
    *exit_code = damaged.empty() ? 0 : kExitError;
  });
}

}  // namespace fettle::cli
