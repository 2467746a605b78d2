// SPDX-License-Identifier: Apache-2.0
// `fettle diff-host`: one host at two times, or two hosts.
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "cli/client/fleet_client.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/host_diff.h"
#include "cli/fleet/moments.h"
#include "cli/fleet/present.h"
#include "cli/terminal/output.h"
#include "lib/base/status_macros.h"

namespace fettle::cli {
namespace {

struct Arguments {
  std::string first;
  std::string second;
  std::string from;
  std::string to;
  std::string at;
  Output output;
};

// One of the two that are compared.
struct Side {
  std::string host;
  int64_t at = 0;
  v1::HostDetail detail;
};

struct Sides {
  Side before;
  Side after;
};

absl::StatusOr<Sides> SidesOf(const Arguments& arguments) {
  Sides sides;
  sides.before.host = arguments.first;
  if (arguments.second.empty()) {
    if (arguments.from.empty() || !arguments.at.empty()) {
      return InvalidArgument(
          "one host is compared --from a time, --to another (now); two hosts "
          "are named both, --at one time");
    }
    sides.after.host = arguments.first;
    ASSIGN_OR_RETURN(sides.before.at, MomentOf("--from", arguments.from));
    ASSIGN_OR_RETURN(sides.after.at, MomentOf("--to", arguments.to));
    return sides;
  }
  if (!arguments.from.empty() || !arguments.to.empty()) {
    return InvalidArgument(
        "two hosts are compared --at one time; --from and --to are for one host");
  }
  sides.after.host = arguments.second;
  ASSIGN_OR_RETURN(sides.before.at, MomentOf("--at", arguments.at));
  sides.after.at = sides.before.at;
  return sides;
}

absl::Status Fetch(const FleetClient& client, Side* side) {
  v1::GetHostRequest request;
  request.set_name(side->host);
  request.set_at_us(side->at);
  ASSIGN_OR_RETURN(side->detail, client.GetHost(request));
  return absl::OkStatus();
}

nlohmann::ordered_json JsonOf(const Side& side) {
  return {{"host", side.host}, {"atUs", side.at}, {"revision", side.detail.host().revision()}};
}

nlohmann::ordered_json JsonOf(const std::vector<Changed>& changes) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Changed& change : changes) {
    list.push_back({{"name", change.name}, {"before", change.before}, {"after", change.after}});
  }
  return list;
}

std::string NameOf(const Side& side) {
  return side.host + " " + (side.at == 0 ? "now" : AsOf(side.at)) +
         (side.detail.host().revision().empty() ? "" : " at " + side.detail.host().revision());
}

std::string Section(const char* title, const std::vector<Changed>& changes, bool colour) {
  std::string text = fmt::format("\n{}{}\n", title, changes.empty() ? ": no difference" : "");
  for (const Changed& change : changes) {
    text += "  " + Safe(change.name) + "\n";
    if (!change.before.empty()) {
      text += Toned("    - " + Safe(change.before), Tone::kBad, colour) + "\n";
    }
    if (!change.after.empty()) {
      text += Toned("    + " + Safe(change.after), Tone::kGood, colour) + "\n";
    }
  }
  return text;
}

absl::Status DiffHost(const Arguments& arguments) {
  ASSIGN_OR_RETURN(Sides sides, SidesOf(arguments));
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  const FleetClient client(connection);
  RETURN_IF_ERROR(Fetch(client, &sides.before));
  RETURN_IF_ERROR(Fetch(client, &sides.after));
  const auto states = DiffStates(sides.before.detail, sides.after.detail);
  const auto facts = DiffFacts(sides.before.detail.facts_json(), sides.after.detail.facts_json());
  if (arguments.output.json()) {
    const nlohmann::ordered_json json = {{"before", JsonOf(sides.before)},
                                         {"after", JsonOf(sides.after)},
                                         {"resources", JsonOf(states)},
                                         {"facts", JsonOf(facts)}};
    Print(json.dump(2) + "\n");
    return absl::OkStatus();
  }
  const bool colour = arguments.output.UseColour();
  Print(Toned("- " + NameOf(sides.before), Tone::kBad, colour) + "\n" +
        Toned("+ " + NameOf(sides.after), Tone::kGood, colour) + "\n" +
        Section("resources", states, colour) + Section("facts", facts, colour));
  return absl::OkStatus();
}

}  // namespace

void AddDiffHostCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "diff-host", "Show what differs between two hosts, or on one between two times");
  command->add_option("HOST", arguments->first, "A host's name")->required();
  command->add_option("OTHER", arguments->second, "Another host's");
  command->add_option("--from", arguments->from, "Of one host: the earlier time");
  command->add_option("--to", arguments->to, "Of one host: the later time (default: now)");
  AddAtOption(command, &arguments->at);
  AddOutputOptions(*command, &arguments->output);
  command->footer(
      "Examples: fettle diff-host web1 web2\n"
      "          fettle diff-host web1 --from yesterday --to \"2026-03-02 08:00\"");
  OnParse(command, "diff-host", exit_code, [arguments] { return DiffHost(*arguments); });
}

}  // namespace fettle::cli
