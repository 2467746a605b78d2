// SPDX-License-Identifier: Apache-2.0
// `fettle history`: the states that a host's resources had.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
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
#include "lib/digest/digest.h"

namespace fettle::cli {
namespace {

constexpr absl::Duration kUsual = absl::Hours(1);

struct Arguments {
  std::vector<std::string> words;
  Range range;
  std::string content;
  std::string file;
  std::string path;
  uint32_t most = 0;
  Output output;
};

// A line of the list: what began at a time.
struct Entry {
  int64_t from_us = 0;
  std::vector<Cell> cells;
  std::string details;
};

Entry EntryOf(const v1::Span& span, absl::Time now, bool colour) {
  const absl::Time from = FromMicroseconds(span.from_us());
  const bool lasts = span.to_us() == 0;
  const absl::Duration length = (lasts ? now : FromMicroseconds(span.to_us())) - from;
  // A change is a moment, not a span.
  const std::string time = length < absl::Milliseconds(1) ? "-" : SpanText(length);
  return {span.from_us(),
          {{Age(from, now)},
           {lasts ? time + ", still so" : time},
           {span.host()},
           StateCell(span.state().state()),
           {WhatText(span.state().state(), span.state().cause(), span.state().contended())},
           {span.revision()},
           {span.state().id()}},
          ErrorText(span.state().error(), colour) +
              DifferencesText(span.state().differences(), colour) +
              ActorText(ActorOf(span.state()), span.state().contended())};
}

Entry EntryOf(const v1::PackageChange& change, absl::Time now) {
  const std::string from = change.from().empty() ? "(nothing)" : change.from();
  const std::string to = change.to().empty() ? "(nothing)" : change.to();
  return {change.time_us(),
          {{Age(FromMicroseconds(change.time_us()), now)},
           {"-"},
           {change.host()},
           {"-"},
           {PackageWhat(change)},
           {""},
           {fmt::format("installed package {}", change.name())}},
          fmt::format("    {} → {}, by {}\n", Safe(from), Safe(to), Safe(PackageBy(change)))};
}

// Both in one list, newest first, `most` of them.
std::string Format(const v1::HostHistoryResponse& history,
                   const v1::PackageChangesResponse& packages,
                   uint32_t most,
                   const Output& output) {
  const absl::Time now = absl::Now();
  std::vector<Entry> entries;
  for (const v1::Span& span : history.spans()) {
    entries.push_back(EntryOf(span, now, output.UseColour()));
  }
  for (const v1::PackageChange& change : packages.changes()) {
    entries.push_back(EntryOf(change, now));
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.from_us > b.from_us;
  });
  entries.resize(std::min<std::size_t>(entries.size(), most));
  Table table({"FROM", "FOR", "HOST", "STATE", "WHAT", "REVISION", "RESOURCE"});
  std::vector<std::string> details;
  for (Entry& entry : entries) {
    table.Add(std::move(entry.cells));
    details.push_back(std::move(entry.details));
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

// The digest that is asked about; empty for none.
absl::StatusOr<Digest> ContentOf(const Arguments& arguments) {
  if (!arguments.file.empty()) {
    std::ifstream file(arguments.file, std::ios::binary);
    Sha256Stream stream;
    char bytes[64 << 10];
    while (file.read(bytes, sizeof bytes) || file.gcount() > 0) {
      stream.Update({bytes, static_cast<std::size_t>(file.gcount())});
    }
    if (!file.is_open() || file.bad()) {
      return NotFound("--file {}: it cannot be read", arguments.file);
    }
    return stream.Finish();
  }
  if (arguments.content.empty()) {
    return Digest();
  }
  const std::string_view given = arguments.content;
  constexpr std::string_view kPrefix = "sha256:";
  const auto digest =
      Digest::FromHex(given.starts_with(kPrefix) ? given.substr(kPrefix.size()) : given);
  if (!digest.ok() || digest->empty()) {
    return InvalidArgument(
        "--content {}: a SHA-256 has 64 hexadecimal digits, not all of them 0, as sha256sum "
        "prints it",
        given);
  }
  return digest;
}

absl::StatusOr<v1::HostHistoryRequest> RequestFor(const Arguments& arguments) {
  v1::HostHistoryRequest request;
  ASSIGN_OR_RETURN(const Digest content, ContentOf(arguments));
  if (!content.empty()) {
    request.set_content(std::string(content.Raw()));
    request.set_resource(arguments.path.empty() ? "" : "file:" + arguments.path);
  }
  request.set_most(arguments.most);
  ASSIGN_OR_RETURN(int64_t since, MomentOf("--since", arguments.range.since));
  ASSIGN_OR_RETURN(const int64_t until, MomentOf("--until", arguments.range.until));
  if (NameOneHost(arguments.words)) {
    request.set_host(arguments.words[0]);
    if (arguments.words.size() > 1) {
      request.set_resource(arguments.words[1]);
    }
  } else {
    request.set_filter(JoinWords(arguments.words));
    if (since == 0 && content.empty()) {
      const absl::Time end = until == 0 ? absl::Now() : FromMicroseconds(until);
      since = ToMicroseconds(end - kUsual);
      fmt::print(stderr, "what changed in the hour before; --since says otherwise\n");
    }
  }
  request.set_since_us(since);
  request.set_until_us(until);
  return request;
}

// What changed of installed packages in the same time, unless one resource or content is meant.
absl::StatusOr<v1::PackageChangesResponse> PackagesFor(const v1::HostHistoryRequest& request,
                                                       const Connection& connection) {
  if (!request.resource().empty() || !request.content().empty()) {
    return v1::PackageChangesResponse();
  }
  v1::PackageChangesRequest packages;
  packages.set_filter(request.host().empty() ? request.filter() : request.host());
  packages.set_since_us(request.since_us());
  packages.set_until_us(request.until_us());
  packages.set_most(request.most());
  return HistoryClient(connection).PackageChanges(packages);
}

absl::Status History(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const v1::HostHistoryRequest request, RequestFor(arguments));
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::HostHistoryResponse response,
                   HistoryClient(connection).HostHistory(request));
  ASSIGN_OR_RETURN(const v1::PackageChangesResponse packages, PackagesFor(request, connection));
  SayIfCut(response.cut() || packages.cut(), arguments.most);
  SayAsOf(request.until_us());
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  if (response.spans().empty() && packages.changes().empty()) {
    fmt::print(stderr, "no history of {}\n", JoinWords(arguments.words));
    return absl::OkStatus();
  }
  Print(Format(response, packages, arguments.most, arguments.output));
  return absl::OkStatus();
}

}  // namespace

void AddHistoryCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "history",
      "Show which states resources had, and since when, and what changed of installed packages, "
      "newest first");
  command->add_option("HOST",
                      arguments->words,
                      "One host, and after it one resource if only that is meant "
                      "(file:/etc/motd); or a filter: what changed on those hosts");
  CLI::Option* const content =
      command->add_option("--content",
                          arguments->content,
                          "Only what tells of a managed file with this content, found or wanted: a "
                          "SHA-256");
  command->add_option("--file", arguments->file, "The same, of the content of this file here")
      ->excludes(content);
  command->add_option(
      "--path", arguments->path, "With one of these: only of the file of this path");
  AddRangeOptions(command, &arguments->range, "Not what was over before");
  AddMostOption(command, &arguments->most, 200);
  AddOutputOptions(*command, &arguments->output);
  command->footer(
      "Examples: fettle history web1 file:/etc/motd --since 7d\n"
      "          fettle history labels.role == web --since \"2026-03-01 01:00\" "
      "--until \"2026-03-01 02:00\"\n"
      "          fettle history --file ./sshd_config --path /etc/ssh/sshd_config");
  OnParse(command, "history", exit_code, [arguments] { return History(*arguments); });
}

}  // namespace fettle::cli
