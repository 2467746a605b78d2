// SPDX-License-Identifier: Apache-2.0
// `fettle diff`: what differs between two revisions.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "cli/client/policy_client.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fetch_tree.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/present.h"
#include "cli/fleet/tree_diff.h"
#include "cli/terminal/output.h"
#include "fettle/v1/policy.pb.h"
#include "lib/base/status_macros.h"

namespace fettle::cli {
namespace {

struct Arguments {
  std::string before;
  std::string after;
  Output output;
};

absl::StatusOr<policy::Manifest> ManifestNamed(const PolicyClient& client,
                                               const std::string& name) {
  ASSIGN_OR_RETURN(const v1::Revision revision, client.GetRevision(name));
  return FetchManifest(client, revision);
}

void PrintDiffJson(const std::vector<FileChange>& changes,
                   const std::map<Digest, std::string>& blobs) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const FileChange& change : changes) {
    files.push_back(
        {{"path", change.path}, {"change", change.Kind()}, {"diff", FormatChange(change, blobs)}});
  }
  Print(nlohmann::ordered_json({{"files", files}}).dump(2) + "\n");
}

absl::Status Diff(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  const PolicyClient client(connection);
  ASSIGN_OR_RETURN(const policy::Manifest before, ManifestNamed(client, arguments.before));
  ASSIGN_OR_RETURN(const policy::Manifest after, ManifestNamed(client, arguments.after));
  const std::vector<FileChange> changes = DiffManifests(before, after);
  ASSIGN_OR_RETURN(const auto blobs, client.GetBlobs(BlobsOf(changes)));
  if (arguments.output.json()) {
    PrintDiffJson(changes, blobs);
    return absl::OkStatus();
  }
  for (const FileChange& change : changes) {
    Print(DiffText(FormatChange(change, blobs), "", arguments.output.UseColour()));
  }
  return absl::OkStatus();
}

}  // namespace

void AddDiffCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand("diff", "Show what differs between two revisions");
  command->add_option("BEFORE", arguments->before, "A revision, or a channel's name")->required();
  command->add_option("AFTER", arguments->after, "A revision, or a channel's name")->required();
  AddOutputOptions(*command, &arguments->output);
  command->footer("Examples: fettle diff r41 r42\n          fettle diff production staging");
  OnParse(command, "diff", exit_code, [arguments] { return Diff(*arguments); });
}

}  // namespace fettle::cli
