// SPDX-License-Identifier: Apache-2.0
// `fettle history`: the states that a host's resources had.
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
  std::string host;
  std::string resource;
  std::string since;
  uint32_t most = 0;
  Output output;
};

std::string Format(const v1::HostHistoryResponse& response, const Output& output) {
  const absl::Time now = absl::Now();
  Table table({"FROM", "FOR", "STATE", "CAUSE", "REVISION", "RESOURCE"});
  std::vector<std::string> details;
  for (const v1::Span& span : response.spans()) {
    const absl::Time from = FromMicroseconds(span.from_us());
    const bool lasts = span.to_us() == 0;
    const absl::Duration length = (lasts ? now : FromMicroseconds(span.to_us())) - from;
    // A change is a moment, not a span.
    const std::string time = length < absl::Milliseconds(1) ? "-" : SpanText(length);
    table.Add({{Age(from, now)},
               {lasts ? time + ", still so" : time},
               StateCell(span.state().state()),
               {CauseText(span.state().cause())},
               {span.revision()},
               {span.state().id()}});
    details.push_back(ErrorText(span.state().error(), output.UseColour()) +
                      DifferencesText(span.state().differences(), output.UseColour()) +
                      ActorText(ActorOf(span.state()), span.state().contended()));
  }
  return WithDetails(table.Format(output.UseColour(), TerminalWidth()), details);
}

absl::Status History(const Arguments& arguments) {
  v1::HostHistoryRequest request;
  request.set_host(arguments.host);
  request.set_resource(arguments.resource);
  request.set_most(arguments.most);
  ASSIGN_OR_RETURN(const int64_t since, MomentOf("--since", arguments.since));
  request.set_since_us(since);
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::HostHistoryResponse response,
                   HistoryClient(connection).HostHistory(request));
  SayIfCut(response.spans_size(), arguments.most);
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  if (response.spans().empty()) {
    fmt::print(stderr, "no history of {} {}\n", arguments.host, arguments.resource);
    return absl::OkStatus();
  }
  Print(Format(response, arguments.output));
  return absl::OkStatus();
}

}  // namespace

void AddHistoryCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand("history", "Show which states the resources of a host had, newest first");
  command->add_option("HOST", arguments->host, "The host's name")->required();
  command->add_option("RESOURCE", arguments->resource, "One resource: file:/etc/motd");
  command->add_option(
      "--since", arguments->since, "Not older than: 2h, 7d, yesterday, 2026-03-01, or RFC 3339");
  AddMostOption(command, &arguments->most, 200);
  AddOutputOptions(*command, &arguments->output);
  command->footer("Example: fettle history web1 file:/etc/motd --since 7d");
  OnParse(command, "history", exit_code, [arguments] { return History(*arguments); });
}

}  // namespace fettle::cli
