// SPDX-License-Identifier: Apache-2.0
// `fettle show`: one revision, or a file of it.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "cli/client/policy_client.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fetch_tree.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/present.h"
#include "cli/terminal/output.h"
#include "fettle/v1/policy.pb.h"
#include "lib/base/clock.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::cli {
namespace {

struct Arguments {
  std::string revision;
  std::string path;
  std::string to;
  Output output;
};

absl::Status ShowFile(const PolicyClient& client,
                      const v1::Revision& revision,
                      const policy::Manifest& manifest,
                      const std::string& path) {
  const auto entry = std::find_if(
      manifest.entries.begin(), manifest.entries.end(), [&path](const policy::ManifestEntry& one) {
        return one.path == path;
      });
  if (entry == manifest.entries.end()) {
    std::vector<std::string_view> known;
    for (const policy::ManifestEntry& one : manifest.entries) {
      known.push_back(one.path);
    }
    return NotFound("{} has no file \"{}\"{}", revision.name(), path, DidYouMean(path, known));
  }
  ASSIGN_OR_RETURN(const auto blobs, client.GetBlobs({entry->digest}));
  Print(blobs.at(entry->digest));
  return absl::OkStatus();
}

absl::Status ShowJson(const v1::Revision& revision, const policy::Manifest& manifest) {
  ASSIGN_OR_RETURN(const std::string text, JsonText(revision));
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(text);
  json["files"] = nlohmann::ordered_json::array();
  for (const policy::ManifestEntry& entry : manifest.entries) {
    json["files"].push_back({{"path", entry.path},
                             {"sha256", entry.digest.Hex()},
                             {"size", entry.size},
                             {"executable", entry.executable}});
  }
  Print(json.dump(2) + "\n");
  return absl::OkStatus();
}

std::string Line(std::string_view name, std::string_view value) {
  return value.empty() ? std::string() : fmt::format("{:<10} {}\n", name, Safe(value));
}

std::string Head(const v1::Revision& revision) {
  const absl::Time published = FromMicroseconds(revision.published_us());
  std::string text = Line("revision", revision.name());
  text += Line("digest", HexEncode(revision.id()));
  text += Line("parent", HexEncode(revision.parent()));
  text += Line("author", revision.author());
  text += Line("published",
               fmt::format("{} ({}) by {}",
                           Rfc3339(published),
                           Age(published, absl::Now()),
                           revision.published_by()));
  text += Line("signed by", revision.signed_by().empty() ? "nobody" : revision.signed_by());
  text += Line("commit", revision.git_commit());
  text += Line("channels", fmt::format("{}", fmt::join(revision.channels(), " ")));
  text += Line("hosts", fmt::format("{} enforce it now", revision.hosts()));
  text += "\n";
  for (const std::string_view line : SplitLines(revision.message())) {
    text += fmt::format("    {}\n", Safe(line));
  }
  return text + "\n";
}

absl::Status Show(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  const PolicyClient client(connection);
  ASSIGN_OR_RETURN(const v1::Revision revision, client.GetRevision(arguments.revision));
  ASSIGN_OR_RETURN(const policy::Manifest manifest, FetchManifest(client, revision));
  if (!arguments.path.empty()) {
    return ShowFile(client, revision, manifest, arguments.path);
  }
  if (!arguments.to.empty()) {
    return WriteTree(client, manifest, arguments.to);
  }
  if (arguments.output.json()) {
    return ShowJson(revision, manifest);
  }
  Print(Head(revision));
  Table table({"SIZE", "", "FILE"});
  for (const policy::ManifestEntry& entry : manifest.entries) {
    table.Add({{std::to_string(entry.size)}, {entry.executable ? "x" : ""}, {entry.path}});
  }
  arguments.output.Print(table, "no files");
  return absl::OkStatus();
}

}  // namespace

void AddShowCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand("show", "Show a revision, or a file of it");
  command
      ->add_option(
          "REVISION", arguments->revision, "r42, the beginning of its digest, or a channel")
      ->required();
  command->add_option("PATH", arguments->path, "Print this file as it is in the revision");
  command->add_option("--to", arguments->to, "Write all files into this folder, new or empty")
      ->excludes("PATH");
  AddOutputOptions(*command, &arguments->output);
  command->footer(
      "Examples: fettle show production\n          fettle show r42 recipes/nginx/init.lua");
  OnParse(command, "show", exit_code, [arguments] { return Show(*arguments); });
}

}  // namespace fettle::cli
