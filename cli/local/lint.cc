// SPDX-License-Identifier: Apache-2.0
// `fettle lint TREE`: what is wrong with a tree, for any host and for this one.
#include "lib/recipe/lint.h"

#include <algorithm>
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
#include "lib/compliance/control.h"
#include "lib/policy/load_tree.h"
#include "lib/recipe/rules.h"
#include "lib/sys/linux_host.h"

namespace fettle::cli {
namespace {

bool HasErrors(const std::vector<recipe::Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const recipe::Finding& one) {
    return one.severity == recipe::Severity::kError;
  });
}

struct Arguments {
  std::string tree = ".";
  Subject subject;
  Output output;
};

// What is said of every file first; a tree without errors is also evaluated, as for this machine.
absl::StatusOr<std::vector<recipe::Finding>> FindingsOf(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const policy::Tree tree, policy::LoadTree(arguments.tree));
  std::vector<recipe::Finding> findings = recipe::Lint(tree);
  for (const std::string& problem : compliance::ParseControls(tree).problems) {
    findings.push_back({recipe::Severity::kError, "controls", {problem, {}}});
  }
  const recipe::Rules rules = recipe::Rules::Read(tree);
  for (const std::string& problem : rules.problems()) {
    findings.push_back({recipe::Severity::kError, "rules", {problem, {}}});
  }
  if (HasErrors(findings)) {
    return findings;
  }
  const auto host = sys::MakeLinuxHost({});
  const auto catalog = EvaluateTree(tree, arguments.subject, *host);
  if (absl::IsInvalidArgument(catalog.status())) {
    for (const std::string_view line : SplitLines(Message(catalog.status()))) {
      findings.push_back({recipe::Severity::kError, "evaluation", {std::string(line), {}}});
    }
    return findings;
  }
  RETURN_IF_ERROR(catalog.status());
  return findings;
}

void Show(const std::vector<recipe::Finding>& findings, const Output& output) {
  nlohmann::ordered_json json = {{"findings", nlohmann::ordered_json::array()}};
  for (const recipe::Finding& finding : findings) {
    const std::string severity(recipe::SeverityName(finding.severity));
    if (output.json()) {
      json["findings"].push_back(
          {{"severity", severity}, {"rule", finding.rule}, {"message", finding.problem.Display()}});
    } else {
      Print(fmt::format("{}: {} [{}]\n", severity, finding.problem.Display(), finding.rule));
    }
  }
  if (output.json()) {
    Print(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  }
}

}  // namespace

void AddLintCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "lint", "Say what is wrong with a policy tree; runs nothing on this machine");
  command->add_option("TREE", arguments->tree, "The policy tree")
      ->check(NotEmpty)
      ->capture_default_str();
  command->add_option("--host", arguments->subject.host, "Evaluate as for this host name");
  command
      ->add_option(
          "--label", arguments->subject.labels, "With this label, key=value (again for more)")
      ->allow_extra_args(false);
  AddOutputOptions(*command, &arguments->output);
  command->footer("Exit codes: 0 no errors (warnings and notes are none), 1 errors.");
  command->callback([arguments, exit_code] {
    const auto findings = FindingsOf(*arguments);
    if (!findings.ok()) {
      PrintError("lint", findings.status());
      *exit_code = kExitError;
      return;
    }
    Show(*findings, arguments->output);
    *exit_code = HasErrors(*findings) ? kExitError : 0;
  });
}

}  // namespace fettle::cli
