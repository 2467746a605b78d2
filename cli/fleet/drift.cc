// SPDX-License-Identifier: Apache-2.0
// `fettle drift`: what was changed behind our back.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/client/history_client.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/moments.h"
#include "cli/fleet/present.h"
#include "cli/fleet/words.h"
#include "cli/terminal/output.h"
#include "fettle/v1/history.pb.h"
#include "lib/base/status_macros.h"

namespace fettle::cli {
namespace {

struct Arguments {
  std::vector<std::string> filter;
  Range range;
  std::string at;
  uint32_t most = 0;
  Output output;
};

std::string Format(const v1::DriftResponse& response, const Output& output) {
  const absl::Time now = absl::Now();
  Table table({"SEEN", "HOST", "OUTCOME", "REVISION", "RESOURCE", "DECLARED AT"});
  std::vector<std::string> details;
  for (const v1::DriftRecord& record : response.records()) {
    table.Add({{Age(FromMicroseconds(record.seen_us()), now)},
               {record.host()},
               OutcomeCell(record),
               {record.revision()},
               {record.id()},
               {record.position(), Tone::kDim}});
    details.push_back(ErrorText(record.error(), output.UseColour()) +
                      DifferencesText(record.differences(), output.UseColour()) +
                      ActorText(ActorOf(record), record.contended()));
  }
  return WithDetails(table.Format(output.UseColour(), TerminalWidth()), details);
}

absl::Status Drift(const Arguments& arguments) {
  v1::DriftRequest request;
  request.set_filter(JoinWords(arguments.filter));
  request.set_most(arguments.most);
  ASSIGN_OR_RETURN(const int64_t since, MomentOf("--since", arguments.range.since));
  ASSIGN_OR_RETURN(const int64_t until, MomentOf("--until", arguments.range.until));
  ASSIGN_OR_RETURN(const int64_t at, MomentOf("--at", arguments.at));
  request.set_since_us(since);
  request.set_until_us(until);
  request.set_at_us(at);
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::DriftResponse response, HistoryClient(connection).Drift(request));
  SayIfCut(response.cut(), arguments.most);
  SayAsOf(at != 0 ? at : until);
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  if (response.records().empty()) {
    fmt::print(stderr, "no drift{}\n", since + until + at == 0 ? " is open" : "");
    return absl::OkStatus();
  }
  Print(Format(response, arguments.output));
  return absl::OkStatus();
}

}  // namespace

void AddDriftCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand("drift", "List what was changed on hosts by others: before → after");
  AddFilter(command, &arguments->filter);
  AddRangeOptions(command, &arguments->range, "Also what is over, not before");
  AddAtOption(command, &arguments->at);
  AddMostOption(command, &arguments->most, 200);
  AddOutputOptions(*command, &arguments->output);
  command->footer(std::string(kFilterHelp) +
                  "\n\nExamples: fettle drift\n          fettle drift --since 2h labels.role == "
                  "web and who.user == root");
  OnParse(command, "drift", exit_code, [arguments] { return Drift(*arguments); });
}

}  // namespace fettle::cli
