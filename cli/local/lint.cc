// SPDX-License-Identifier: Apache-2.0
// `fettle lint TREE`: what is wrong with a tree, for any host and for this one.
#include "lib/recipe/lint.h"

#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "cli/local/evaluate_tree.h"
#include "cli/local/local_commands.h"
#include "cli/terminal/output.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/policy/load_tree.h"
#include "lib/sys/linux_host.h"

namespace fettle::cli {
namespace {

struct Arguments {
  std::string tree = ".";
  Subject subject;
  Output output;
};

// Syntax of every file first; a tree that has it right is also evaluated, as for this machine.
absl::StatusOr<std::vector<std::string>> ProblemsOf(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const policy::Tree tree, policy::LoadTree(arguments.tree));
  std::vector<std::string> problems;
  for (const recipe::Problem& problem : recipe::Lint(tree)) {
    problems.push_back(problem.Display());
  }
  if (!problems.empty()) {
    return problems;
  }
  const auto host = sys::MakeLinuxHost({});
  const auto catalog = EvaluateTree(tree, arguments.subject, *host);
  if (absl::IsInvalidArgument(catalog.status())) {
    for (const std::string_view line : SplitLines(Message(catalog.status()))) {
      problems.emplace_back(line);
    }
    return problems;
  }
  RETURN_IF_ERROR(catalog.status());
  return problems;
}

}  // namespace

void AddLintCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "lint", "Say what is wrong with a policy tree; runs nothing on this machine");
  command->add_option("TREE", arguments->tree, "The policy tree")->capture_default_str();
  command->add_option("--host", arguments->subject.host, "Evaluate as for this host name");
  command->add_option(
      "--label", arguments->subject.labels, "With this label, key=value (again for more)");
  AddOutputOptions(*command, &arguments->output);
  command->footer("Exit codes: 0 nothing wrong, 1 problems.");
  command->callback([arguments, exit_code] {
    const auto problems = ProblemsOf(*arguments);
    if (!problems.ok()) {
      PrintError("lint", problems.status());
      *exit_code = kExitError;
      return;
    }
    if (arguments->output.json()) {
      Print(nlohmann::json{{"problems", *problems}}.dump(
                2, ' ', false, nlohmann::json::error_handler_t::replace) +
            "\n");
    } else {
      for (const std::string& problem : *problems) {
        Print(problem + "\n");
      }
    }
    *exit_code = problems->empty() ? 0 : kExitError;
  });
}

}  // namespace fettle::cli
