// SPDX-License-Identifier: Apache-2.0
// `fettle run`: asks hosts for a run now.
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/client/fleet_client.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/words.h"
#include "cli/terminal/output.h"
#include "fettle/v1/fleet.pb.h"
#include "lib/base/status_macros.h"

namespace fettle::cli {
namespace {

struct Arguments {
  std::vector<std::string> filter;
  std::string reason;
  Output output;
};

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

}  // namespace

void AddRunCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand("run", "Ask connected hosts for a run now");
  AddFilter(command, &arguments->filter);
  command->add_option("--reason", arguments->reason, "Why; stands in the report of the run");
  AddOutputOptions(*command, &arguments->output);
  command->footer(std::string(kFilterHelp) +
                  "\n\nExamples: fettle run\n          fettle run role=web state=failed");
  OnParse(command, "run", exit_code, [arguments] { return Run(*arguments); });
}

}  // namespace fettle::cli
