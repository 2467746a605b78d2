// SPDX-License-Identifier: Apache-2.0
// `fettle run`: asks hosts for a run now, for plans, or to carry out a plan.
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/client/fleet_client.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/run_plan.h"
#include "cli/fleet/words.h"
#include "cli/terminal/output.h"
#include "fettle/v1/fleet.pb.h"
#include "lib/base/status_macros.h"
#include "lib/base/when.h"

namespace fettle::cli {
namespace {

struct Arguments {
  std::vector<std::string> filter;
  std::string reason;
  bool plan = false;
  std::string revision;
  std::string apply_plan;
  std::string timeout;
  Output output;
};

// 0: as long as the server thinks right.
absl::StatusOr<uint32_t> SecondsOf(const std::string& timeout, uint32_t usual) {
  if (timeout.empty()) {
    return usual;
  }
  ASSIGN_OR_RETURN(const absl::Duration span, ParseSpan(timeout));
  constexpr absl::Duration kLongest = absl::Hours(4);
  if (span < absl::Seconds(1) || span > kLongest) {
    return InvalidArgument("--timeout: from a second to 4 hours, not {}", timeout);
  }
  return static_cast<uint32_t>(absl::ToInt64Seconds(span));
}

absl::StatusOr<int> PlanThere(const Arguments& arguments) {
  constexpr uint32_t kUsual = 120;
  v1::PlanHostsRequest request;
  request.set_filter(JoinWords(arguments.filter));
  request.set_revision(arguments.revision);
  request.set_reason(arguments.reason);
  ASSIGN_OR_RETURN(const uint32_t seconds, SecondsOf(arguments.timeout, kUsual));
  request.set_seconds(seconds);
  return PlanHosts(request, arguments.output);
}

absl::StatusOr<int> ApplyThere(const Arguments& arguments) {
  constexpr uint32_t kUsual = 3600;
  if (arguments.filter.size() != 1) {
    return InvalidArgument("--apply-plan wants one host by its name: a plan is of one host");
  }
  v1::ApplyPlanRequest request;
  request.set_host(arguments.filter.front());
  request.set_plan(arguments.apply_plan);
  request.set_reason(arguments.reason);
  ASSIGN_OR_RETURN(const uint32_t seconds, SecondsOf(arguments.timeout, kUsual));
  request.set_seconds(seconds);
  return ApplyPlan(request, arguments.output);
}

absl::Status Run(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  v1::RequestRunRequest request;
  request.set_filter(JoinWords(arguments.filter));
  request.set_reason(arguments.reason);
  ASSIGN_OR_RETURN(const v1::RequestRunResponse response,
                   FleetClient(connection).RequestRun(request));
  const std::string away = fmt::format("{}", fmt::join(response.not_connected(), " "));
  if (arguments.output.json()) {
    RETURN_IF_ERROR(PrintJson(response));
  } else if (response.asked() > 0) {
    Print(fmt::format("asked {} for a run{}\n",
                      Count(response.asked(), "host"),
                      away.empty() ? "" : "; not connected: " + away));
  }
  if (response.asked() > 0) {
    return absl::OkStatus();
  }
  return away.empty() ? NotFound("no host fits{}",
                                 request.filter().empty() ? std::string(": there are none")
                                                          : " " + request.filter())
                      : FailedPrecondition("nobody was asked; not connected: {}", away);
}

absl::Status Do(const Arguments& arguments, int* exit_code) {
  if (!arguments.plan && arguments.apply_plan.empty()) {
    return Run(arguments);
  }
  ASSIGN_OR_RETURN(*exit_code, arguments.plan ? PlanThere(arguments) : ApplyThere(arguments));
  return absl::OkStatus();
}

// An empty word is most often a variable of a script that was never set.
std::string NotEmpty(const std::string& word) {
  return word.empty() ? "is empty" : "";
}

void AddPlanOptions(CLI::App* command, Arguments* arguments) {
  CLI::Option* const plan =
      command->add_flag("--plan",
                        arguments->plan,
                        "Do not run: show what a run would change, and keep that as a plan");
  command
      ->add_option("--revision",
                   arguments->revision,
                   "--plan: of this revision or channel (default: what each host is to enforce)")
      ->check(NotEmpty)
      ->needs(plan);
  command
      ->add_option("--apply-plan",
                   arguments->apply_plan,
                   "Do exactly what this plan of the host says: what changed since is refused")
      ->check(NotEmpty)
      ->excludes(plan);
  command->add_option(
      "--timeout",
      arguments->timeout,
      "How long to wait for answers (default: --plan 2m, --apply-plan 1h); the hosts go on");
}

}  // namespace

void AddRunCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand("run", "Ask connected hosts for a run now, or for plans");
  AddFilter(command, &arguments->filter);
  command->add_option("--reason", arguments->reason, "Why; stands in the report of the run");
  AddPlanOptions(command, arguments.get());
  AddOutputOptions(*command, &arguments->output);
  command->footer(
      std::string(kFilterHelp) +
      "\n\nExit codes with --plan and --apply-plan: 0 nothing to do, 2 changes, 4 failures, "
      "6 both (as `fettle plan`\nand `fettle apply`; a host that gave no plan counts "
      "as a failure), 5 refused.\n\n"
      "Examples: fettle run\n          fettle run \"labels.role == web and counts.failed > 0\"\n"
      "          fettle run labels.role == web --plan --revision r7\n"
      "          fettle run web1 --apply-plan 3f0c21a9b4de");
  OnParse(command, "run", exit_code, [arguments, exit_code] { return Do(*arguments, exit_code); });
}

}  // namespace fettle::cli
