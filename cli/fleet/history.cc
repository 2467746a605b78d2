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

constexpr absl::Duration kUsual = absl::Hours(1);

struct Arguments {
  std::vector<std::string> words;
  Range range;
  uint32_t most = 0;
  Output output;
};

std::string Format(const v1::HostHistoryResponse& response, const Output& output) {
  const absl::Time now = absl::Now();
  Table table({"FROM", "FOR", "HOST", "STATE", "WHAT", "REVISION", "RESOURCE"});
  std::vector<std::string> details;
  for (const v1::Span& span : response.spans()) {
    const absl::Time from = FromMicroseconds(span.from_us());
    const bool lasts = span.to_us() == 0;
    const absl::Duration length = (lasts ? now : FromMicroseconds(span.to_us())) - from;
    // A change is a moment, not a span.
    const std::string time = length < absl::Milliseconds(1) ? "-" : SpanText(length);
    table.Add({{Age(from, now)},
               {lasts ? time + ", still so" : time},
               {span.host()},
               StateCell(span.state().state()),
               {WhatText(span.state().state(), span.state().cause(), span.state().contended())},
               {span.revision()},
               {span.state().id()}});
    details.push_back(ErrorText(span.state().error(), output.UseColour()) +
                      DifferencesText(span.state().differences(), output.UseColour()) +
                      ActorText(ActorOf(span.state()), span.state().contended()));
  }
  return WithDetails(table.Format(output.UseColour(), TerminalWidth()), details);
}

// Whether the words are a host, or a host and a resource, not a filter.
bool NameOneHost(const std::vector<std::string>& words) {
  const bool plain =
      !words.empty() && words[0].find_first_of(" *?()[]=<>~!\"'") == std::string::npos;
  return plain &&
         (words.size() == 1 || (words.size() == 2 && words[1].find(':') != std::string::npos));
}

absl::StatusOr<v1::HostHistoryRequest> RequestFor(const Arguments& arguments) {
  v1::HostHistoryRequest request;
  request.set_most(arguments.most);
  ASSIGN_OR_RETURN(int64_t since, MomentOf("--since", arguments.range.since));
  ASSIGN_OR_RETURN(const int64_t until, MomentOf("--until", arguments.range.until));
  if (NameOneHost(arguments.words)) {
    request.set_host(arguments.words[0]);
    request.set_resource(arguments.words.size() > 1 ? arguments.words[1] : "");
  } else {
    request.set_filter(JoinWords(arguments.words));
    if (since == 0) {
      const absl::Time end = until == 0 ? absl::Now() : FromMicroseconds(until);
      since = ToMicroseconds(end - kUsual);
      fmt::print(stderr, "what changed in the hour before; --since says otherwise\n");
    }
  }
  request.set_since_us(since);
  request.set_until_us(until);
  return request;
}

absl::Status History(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const v1::HostHistoryRequest request, RequestFor(arguments));
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::HostHistoryResponse response,
                   HistoryClient(connection).HostHistory(request));
  SayIfCut(response.cut(), arguments.most);
  SayAsOf(request.until_us());
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  if (response.spans().empty()) {
    fmt::print(stderr, "no history of {}\n", JoinWords(arguments.words));
    return absl::OkStatus();
  }
  Print(Format(response, arguments.output));
  return absl::OkStatus();
}

}  // namespace

void AddHistoryCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "history", "Show which states resources had, and since when, newest first");
  command->add_option("HOST",
                      arguments->words,
                      "One host, and after it one resource if only that is meant "
                      "(file:/etc/motd); or a filter: what changed on those hosts");
  AddRangeOptions(command, &arguments->range, "Not what was over before");
  AddMostOption(command, &arguments->most, 200);
  AddOutputOptions(*command, &arguments->output);
  command->footer(
      "Examples: fettle history web1 file:/etc/motd --since 7d\n"
      "          fettle history labels.role == web --since \"2026-03-01 01:00\" "
      "--until \"2026-03-01 02:00\"");
  OnParse(command, "history", exit_code, [arguments] { return History(*arguments); });
}

}  // namespace fettle::cli
