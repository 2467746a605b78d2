// SPDX-License-Identifier: Apache-2.0
// `fettle revisions`: what was published.
#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/client/policy_client.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/present.h"
#include "cli/terminal/output.h"
#include "fettle/v1/policy.pb.h"
#include "lib/base/status_macros.h"

namespace fettle::cli {
namespace {

struct Arguments {
  uint32_t most = 0;
  std::string before;
  Output output;
};

absl::Status ListRevisions(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  v1::ListRevisionsRequest request;
  request.set_most(arguments.most);
  request.set_before(arguments.before);
  ASSIGN_OR_RETURN(const v1::ListRevisionsResponse response,
                   PolicyClient(connection).ListRevisions(request));
  SayIfCut(static_cast<uint32_t>(response.revisions_size()) >= arguments.most, arguments.most);
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  const absl::Time now = absl::Now();
  Table table({"REVISION", "PUBLISHED", "BY", "HOSTS", "CHANNELS", "SIGNED", "MESSAGE"});
  for (const v1::Revision& revision : response.revisions()) {
    const bool is_signed = !revision.signed_by().empty();
    table.Add({{revision.name(), Tone::kGood},
               {Age(FromMicroseconds(revision.published_us()), now)},
               {revision.published_by()},
               {std::to_string(revision.hosts())},
               {fmt::format("{}", fmt::join(revision.channels(), " "))},
               {is_signed ? "yes" : "no", is_signed ? Tone::kPlain : Tone::kChanged},
               {FirstLine(revision.message())}});
  }
  arguments.output.Print(table, "no revisions yet: fettle publish TREE -m MESSAGE");
  return absl::OkStatus();
}

}  // namespace

void AddRevisionsCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand("revisions", "List revisions, newest first");
  AddMostOption(command, &arguments->most, 50, 1000);
  command->add_option("--before", arguments->before, "Only those older than this revision");
  AddOutputOptions(*command, &arguments->output);
  command->footer("Example: fettle revisions --most 10");
  OnParse(command, "revisions", exit_code, [arguments] { return ListRevisions(*arguments); });
}

}  // namespace fettle::cli
