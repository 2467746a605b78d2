// SPDX-License-Identifier: Apache-2.0
// `fettle pause`, `fettle resume`: hosts look and report only, for a while.
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
#include "lib/base/when.h"

namespace fettle::cli {
namespace {

struct Arguments {
  std::vector<std::string> filter;
  std::string span;
  std::string reason;
  Output output;
};

absl::Status Ask(const v1::PauseRequest& request, const Output& output, std::string_view did) {
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::PauseResponse response, FleetClient(connection).Pause(request));
  const std::string away = fmt::format("{}", fmt::join(response.not_connected(), " "));
  if (output.json()) {
    RETURN_IF_ERROR(PrintJson(response));
  } else if (response.asked() > 0) {
    Print(fmt::format("{} {}{}\n",
                      did,
                      Count(response.asked(), "host"),
                      away.empty() ? "" : "; not connected: " + away));
  }
  if (response.asked() > 0) {
    return absl::OkStatus();
  }
  return away.empty() ? NotFound("no host fits {}", request.filter())
                      : FailedPrecondition("nobody was asked; not connected: {}", away);
}

absl::Status Pause(const Arguments& arguments) {
  v1::PauseRequest request;
  request.set_filter(JoinWords(arguments.filter));
  ASSIGN_OR_RETURN(const absl::Duration span, ParseSpan(arguments.span));
  const int64_t seconds = absl::ToInt64Seconds(span);
  if (seconds < 1 || seconds > int64_t{30} * 86'400) {
    return InvalidArgument("--for: a pause lasts from a second to 30 days, not {}", arguments.span);
  }
  request.set_seconds(static_cast<uint32_t>(seconds));
  request.set_reason(arguments.reason);
  return Ask(request, arguments.output, "paused");
}

absl::Status Resume(const Arguments& arguments) {
  v1::PauseRequest request;
  request.set_filter(JoinWords(arguments.filter));
  return Ask(request, arguments.output, "resumed");
}

CLI::App* AddCommon(CLI::App& app,
                    const char* name,
                    const char* what,
                    const std::shared_ptr<Arguments>& arguments) {
  CLI::App* const command = app.add_subcommand(name, what);
  command->add_option("FILTER", arguments->filter, "Which hosts")->required();
  AddOutputOptions(*command, &arguments->output);
  return command;
}

}  // namespace

void AddPauseCommands(CLI::App& app, int* exit_code) {
  const auto pause = std::make_shared<Arguments>();
  CLI::App* command =
      AddCommon(app, "pause", "Have connected hosts look and report only; ends by itself", pause);
  command->add_option("--for", pause->span, "How long: 30m, 2h, 7d")->required();
  command->add_option("--reason", pause->reason, "Why; everybody sees it")->required();
  command->footer(std::string(kFilterHelp) +
                  "\n\nExample: fettle pause web1 --for 2h --reason \"hunting a leak\"");
  OnParse(command, "pause", exit_code, [pause] { return Pause(*pause); });
  const auto resume = std::make_shared<Arguments>();
  command = AddCommon(
      app, "resume", "End the pause of connected hosts, and what an undo holds back", resume);
  command->footer(std::string(kFilterHelp) + "\n\nExample: fettle resume web1");
  OnParse(command, "resume", exit_code, [resume] { return Resume(*resume); });
}

}  // namespace fettle::cli
