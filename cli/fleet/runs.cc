// SPDX-License-Identifier: Apache-2.0
// `fettle runs`: what hosts did.
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
  uint32_t most = 0;
  Output output;
};

std::string Format(const v1::RunsResponse& response, const Output& output) {
  const absl::Time now = absl::Now();
  Table table({"STARTED", "HOST", "REVISION", "TOOK", "MODE", "RESOURCES", "RUN", "REASON"});
  std::vector<std::string> details;
  for (const v1::RunReport& run : response.runs()) {
    table.Add({{Age(FromMicroseconds(run.started_us()), now)},
               {run.host()},
               {run.revision().empty() ? "-" : run.revision()},
               {SpanText(absl::Microseconds(run.duration_us()))},
               {fmt::format(
                   "{}{}", run.enforce() ? "enforce" : "audit", run.partial() ? ", partial" : "")},
               CountsCell(run.counts()),
               {run.id(), Tone::kDim},
               {run.reason()}});
    details.push_back(ErrorText(run.error(), output.UseColour()));
  }
  return WithDetails(table.Format(output.UseColour(), TerminalWidth()), details);
}

absl::Status Runs(const Arguments& arguments) {
  v1::RunsRequest request;
  request.set_filter(JoinWords(arguments.filter));
  request.set_most(arguments.most);
  ASSIGN_OR_RETURN(const int64_t since, MomentOf("--since", arguments.range.since));
  ASSIGN_OR_RETURN(const int64_t until, MomentOf("--until", arguments.range.until));
  request.set_since_us(since);
  request.set_until_us(until);
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::RunsResponse response, HistoryClient(connection).Runs(request));
  SayIfCut(response.cut(), arguments.most);
  SayAsOf(until);
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  if (response.runs().empty()) {
    fmt::print(stderr, "no runs\n");
    return absl::OkStatus();
  }
  Print(Format(response, arguments.output));
  return absl::OkStatus();
}

}  // namespace

void AddRunsCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand("runs", "List runs of hosts, newest first");
  AddFilter(command, &arguments->filter);
  AddRangeOptions(command, &arguments->range, "Not before");
  AddMostOption(command, &arguments->most, 200);
  AddOutputOptions(*command, &arguments->output);
  command->footer(
      std::string(kFilterHelp) +
      "\n\nExamples: fettle runs web1\n          fettle runs --since 1d \"run.failed > 0\"");
  OnParse(command, "runs", exit_code, [arguments] { return Runs(*arguments); });
}

}  // namespace fettle::cli
