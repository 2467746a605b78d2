// SPDX-License-Identifier: Apache-2.0
// `fettle packages`: what is installed where, what was, and what changed of it.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <set>
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

constexpr int kNamedAtMost = 5;

struct Arguments {
  std::string name;
  std::vector<std::string> where;
  Range range;
  std::string at;
  uint32_t most = 0;
  Output output;
};

std::string CountsText(const v1::PackagesResponse& response, const Output& output) {
  Table table({"PACKAGE", "VERSION", "ARCHITECTURE", "HOSTS"});
  for (const v1::PackageCount& count : response.counts()) {
    table.Add({{count.name()},
               {count.version()},
               {count.architecture()},
               {fmt::format("{}", count.hosts())}});
  }
  return table.Format(output.UseColour(), TerminalWidth());
}

std::string ListText(const v1::PackagesResponse& response, const Output& output) {
  const absl::Time now = absl::Now();
  Table table({"HOST", "PACKAGE", "VERSION", "ARCHITECTURE", "SINCE"});
  for (const v1::InstalledPackage& package : response.packages()) {
    table.Add({{package.host()},
               {package.name()},
               {package.version()},
               {package.architecture()},
               {Age(FromMicroseconds(package.since_us()), now)}});
  }
  return table.Format(output.UseColour(), TerminalWidth());
}

void SayNotKnown(const v1::PackagesResponse& response) {
  if (response.not_known().empty()) {
    return;
  }
  std::string names;
  for (int i = 0; i < std::min(response.not_known_size(), kNamedAtMost); ++i) {
    names += (i == 0 ? "" : ", ") + response.not_known(i);
  }
  const int more = response.not_known_size() - kNamedAtMost;
  fmt::print(stderr,
             "not known of {}{}: nothing was told of packages by then\n",
             Safe(names),
             more > 0 ? fmt::format(" and {} more", more) : "");
}

absl::Status ListPackages(const Arguments& arguments, int64_t at) {
  v1::PackagesRequest request;
  request.set_filter(JoinWords(arguments.where));
  request.set_name(arguments.name);
  request.set_at_us(at);
  request.set_most(arguments.most);
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::PackagesResponse response,
                   HistoryClient(connection).Packages(request));
  if (response.cut()) {
    fmt::print(stderr,
               "there are more; listed are {}: --most N lists more, a name or --where fewer. The "
               "counts are of all\n",
               response.packages_size());
  }
  SayAsOf(at);
  SayNotKnown(response);
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  if (response.packages().empty()) {
    fmt::print(stderr, "no such package is installed there\n");
    return absl::OkStatus();
  }
  std::set<std::string> hosts;
  for (const v1::InstalledPackage& package : response.packages()) {
    hosts.insert(package.host());
  }
  if (hosts.size() > 1 || response.cut()) {
    Print(CountsText(response, arguments.output) + "\n");
  }
  Print(ListText(response, arguments.output));
  return absl::OkStatus();
}

std::string ChangesText(const v1::PackageChangesResponse& response, const Output& output) {
  const absl::Time now = absl::Now();
  Table table({"WHEN", "HOST", "PACKAGE", "WHAT", "FROM", "TO", "BY"});
  for (const v1::PackageChange& change : response.changes()) {
    table.Add({{Age(FromMicroseconds(change.time_us()), now)},
               {change.host()},
               {change.name()},
               {PackageWhat(change)},
               {change.from()},
               {change.to()},
               {PackageBy(change)}});
  }
  return table.Format(output.UseColour(), TerminalWidth());
}

absl::Status ListChanges(const Arguments& arguments) {
  v1::PackageChangesRequest request;
  request.set_filter(JoinWords(arguments.where));
  request.set_name(arguments.name);
  ASSIGN_OR_RETURN(const int64_t since, MomentOf("--since", arguments.range.since));
  ASSIGN_OR_RETURN(const int64_t until, MomentOf("--until", arguments.range.until));
  request.set_since_us(since);
  request.set_until_us(until);
  request.set_most(arguments.most);
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::PackageChangesResponse response,
                   HistoryClient(connection).PackageChanges(request));
  SayIfCut(response.cut(), arguments.most);
  SayAsOf(until);
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  if (response.changes().empty()) {
    fmt::print(stderr, "no package changed\n");
    return absl::OkStatus();
  }
  Print(ChangesText(response, arguments.output));
  return absl::OkStatus();
}

absl::Status Packages(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const int64_t at, MomentOf("--at", arguments.at));
  if (arguments.range.since.empty() && arguments.range.until.empty()) {
    return ListPackages(arguments, at);
  }
  if (at != 0) {
    return InvalidArgument(
        "packages are asked for at a moment (--at), or what changed over a time (--since, "
        "--until), not both");
  }
  return ListChanges(arguments);
}

}  // namespace

void AddPackagesCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "packages", "Show which packages are installed on which hosts, or what changed of them");
  command->add_option("NAME",
                      arguments->name,
                      "A package, or a pattern of names ('linux-image*'); without it, all");
  command->add_option("--where", arguments->where, "Which hosts, a FILTER; without it, all");
  AddAtOption(command, &arguments->at);
  AddRangeOptions(command, &arguments->range, "What changed instead, not before");
  AddMostOption(command, &arguments->most, 5000);
  AddOutputOptions(*command, &arguments->output);
  command->footer(
      std::string(kFilterHelp) +
      "\n\nExamples: fettle packages openssl\n"
      "          fettle packages --where web1 --at yesterday\n"
      "          fettle packages 'linux-image*' --where labels.role == web and os.id == debian\n"
      "          fettle packages --where web1 --since 7d");
  OnParse(command, "packages", exit_code, [arguments] { return Packages(*arguments); });
}

}  // namespace fettle::cli
