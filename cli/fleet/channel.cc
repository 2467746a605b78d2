// SPDX-License-Identifier: Apache-2.0
// `fettle channel set|follow|list`: which revision hosts follow.
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/client/fleet_client.h"
#include "cli/client/policy_client.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/present.h"
#include "cli/terminal/output.h"
#include "fettle/v1/fleet.pb.h"
#include "fettle/v1/policy.pb.h"
#include "lib/base/status_macros.h"

namespace fettle::cli {
namespace {

struct Arguments {
  std::string channel;
  std::string revision;
  std::vector<std::string> hosts;
  Output output;
};

absl::Status Set(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  v1::SetChannelRequest request;
  request.set_channel(arguments.channel);
  request.set_revision(arguments.revision);
  ASSIGN_OR_RETURN(const v1::SetChannelResponse response,
                   PolicyClient(connection).SetChannel(request));
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  Print(fmt::format("{} → {}: {} on it, {} reached now\n",
                    response.channel().name(),
                    response.channel().revision(),
                    Count(response.hosts(), "host"),
                    response.connected()));
  return absl::OkStatus();
}

absl::Status Follow(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  const FleetClient client(connection);
  v1::ListHostsResponse moved;
  for (const std::string& name : arguments.hosts) {
    v1::UpdateHostRequest request;
    request.set_name(name);
    request.set_channel(arguments.channel);
    ASSIGN_OR_RETURN(*moved.add_hosts(), client.UpdateHost(request));
  }
  if (arguments.output.json()) {
    return PrintJson(moved);
  }
  for (const v1::Host& host : moved.hosts()) {
    Print(
        fmt::format("{} follows {}{}\n",
                    host.name(),
                    host.channel(),
                    host.assigned_revision().empty() ? "" : " (" + host.assigned_revision() + ")"));
  }
  return absl::OkStatus();
}

absl::Status List(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::ListChannelsResponse response,
                   PolicyClient(connection).ListChannels());
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  const absl::Time now = absl::Now();
  Table table({"CHANNEL", "REVISION", "HOSTS", "CHANGED", "BY"});
  for (const v1::Channel& channel : response.channels()) {
    table.Add({{channel.name(), Tone::kGood},
               {channel.revision().empty() ? "-" : channel.revision()},
               {std::to_string(channel.hosts())},
               {Age(FromMicroseconds(channel.changed_us()), now)},
               {channel.changed_by()}});
  }
  arguments.output.Print(table, "no channels yet: fettle channel set CHANNEL REVISION");
  return absl::OkStatus();
}

}  // namespace

void AddChannelCommand(CLI::App& app, int* exit_code) {
  CLI::App* const channel =
      app.add_subcommand("channel", "Which revision hosts follow: set, follow, list");
  channel->require_subcommand(1);
  const auto arguments = std::make_shared<Arguments>();

  CLI::App* const set =
      channel->add_subcommand("set", "Point a channel at a revision; its hosts act at once");
  set->add_option("CHANNEL", arguments->channel, "The channel; made if it is new")->required();
  set->add_option("REVISION", arguments->revision, "r42, or another channel's name")->required();
  AddOutputOptions(*set, &arguments->output);
  set->footer(
      "Examples: fettle channel set production r42\n"
      "          fettle channel set production staging");
  OnParse(set, "channel set", exit_code, [arguments] { return Set(*arguments); });

  CLI::App* const follow = channel->add_subcommand("follow", "Move hosts to a channel");
  follow->add_option("CHANNEL", arguments->channel, "The channel")->required();
  follow->add_option("HOST", arguments->hosts, "Hosts by name")->required();
  AddOutputOptions(*follow, &arguments->output);
  follow->footer("Example: fettle channel follow staging web1 web2");
  OnParse(follow, "channel follow", exit_code, [arguments] { return Follow(*arguments); });

  CLI::App* const list = channel->add_subcommand("list", "List channels");
  AddOutputOptions(*list, &arguments->output);
  list->footer("Example: fettle channel list -o json");
  OnParse(list, "channel list", exit_code, [arguments] { return List(*arguments); });
}

}  // namespace fettle::cli
