// SPDX-License-Identifier: Apache-2.0
// `fettle label`: what the owner says of a host.
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/client/fleet_client.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/present.h"
#include "cli/fleet/words.h"
#include "cli/terminal/output.h"
#include "fettle/v1/fleet.pb.h"
#include "lib/base/status_macros.h"

namespace fettle::cli {
namespace {

struct Arguments {
  std::string host;
  std::vector<std::string> words;
  Output output;
};

absl::Status Label(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const LabelChange change, ParseLabelChange(arguments.words));
  v1::UpdateHostRequest request;
  request.set_name(arguments.host);
  request.mutable_set_labels()->insert(change.set.begin(), change.set.end());
  for (const std::string& name : change.remove) {
    request.add_remove_labels(name);
  }
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const v1::Host host, FleetClient(connection).UpdateHost(request));
  if (arguments.output.json()) {
    return PrintJson(host);
  }
  const std::string labels = LabelsText(host.labels());
  Print(fmt::format("{}: {}\n", host.name(), labels.empty() ? "no labels" : labels));
  return absl::OkStatus();
}

}  // namespace

void AddLabelCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand("label", "Set and remove labels of a host");
  command->add_option("HOST", arguments->host, "The host's name")->required();
  command->add_option("LABELS", arguments->words, "NAME=VALUE sets a label, NAME- removes it")
      ->required();
  AddOutputOptions(*command, &arguments->output);
  command->footer(
      "The host is told at once, and evaluates anew.\n\n"
      "Example: fettle label web1 role=web env=production temporary-");
  OnParse(command, "label", exit_code, [arguments] { return Label(*arguments); });
}

}  // namespace fettle::cli
