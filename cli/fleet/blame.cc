// SPDX-License-Identifier: Apache-2.0
// `fettle blame`: why a resource is as it is: the line, who wrote and signed it, and who changed
// it.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "cli/client/fleet_client.h"
#include "cli/client/history_client.h"
#include "cli/client/policy_client.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fetch_tree.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/moments.h"
#include "cli/fleet/present.h"
#include "cli/terminal/output.h"
#include "fettle/v1/history.pb.h"
#include "fettle/v1/policy.pb.h"
#include "lib/base/clock.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::cli {
namespace {

constexpr int kMostAncestors = 200;
constexpr uint32_t kMostSpans = 500;

struct Arguments {
  std::string host;
  std::string resource;
  std::string at;
  Output output;
};

// "recipes/base/init.lua:7".
struct Place {
  std::string path;
  int64_t line = 0;
};

// What is to be told. What could not be found out is empty.
struct Blame {
  v1::ResourceState state;
  std::string revision;           // That the host enforces.
  std::string line;               // The text of the line that declares the resource.
  v1::Revision enforced;          // Nothing for a host without a revision.
  v1::Revision introduced;        // The first with this line, as far back as was looked.
  std::optional<v1::Span> drift;  // The last time that somebody else changed it.
};

std::optional<Place> PlaceOf(std::string_view position) {
  const std::size_t colon = position.rfind(':');
  Place place;
  if (colon == std::string_view::npos || !ParseInt(position.substr(colon + 1), &place.line) ||
      place.line < 1) {
    return std::nullopt;
  }
  place.path = position.substr(0, colon);
  return place;
}

// A file of a revision; nothing when the revision has none of that name.
absl::StatusOr<std::optional<std::string>> FileOf(const PolicyClient& client,
                                                  const v1::Revision& revision,
                                                  const std::string& path) {
  ASSIGN_OR_RETURN(const policy::Manifest manifest, FetchManifest(client, revision));
  for (const policy::ManifestEntry& entry : manifest.entries) {
    if (entry.path == path) {
      ASSIGN_OR_RETURN(const auto blobs, client.GetBlobs({entry.digest}));
      return std::optional<std::string>(blobs.at(entry.digest));
    }
  }
  return std::optional<std::string>();
}

// Goes back from revision to parent for as long as the file has the line.
absl::Status FindIntroduced(const PolicyClient& client, const std::string& path, Blame* blame) {
  blame->introduced = blame->enforced;
  for (int i = 0; i < kMostAncestors && !blame->introduced.parent().empty(); ++i) {
    const auto parent = client.GetRevision(HexEncode(blame->introduced.parent()));
    if (!parent.ok()) {
      return absl::IsNotFound(parent.status()) ? absl::OkStatus() : parent.status();
    }
    ASSIGN_OR_RETURN(const auto file, FileOf(client, *parent, path));
    const auto lines = SplitLines(file.has_value() ? *file : std::string_view());
    if (std::find(lines.begin(), lines.end(), blame->line) == lines.end()) {
      break;
    }
    blame->introduced = *parent;
  }
  return absl::OkStatus();
}

absl::Status AddLine(const PolicyClient& client, Blame* blame) {
  const std::optional<Place> place = PlaceOf(blame->state.position());
  if (blame->revision.empty()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(blame->enforced, client.GetRevision(blame->revision));
  if (!place.has_value()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const auto file, FileOf(client, blame->enforced, place->path));
  const auto lines = SplitLines(file.has_value() ? *file : std::string_view());
  if (place->line > static_cast<int64_t>(lines.size())) {
    return absl::OkStatus();
  }
  blame->line = lines[static_cast<std::size_t>(place->line) - 1];
  return FindIntroduced(client, place->path, blame);
}

absl::Status AddDrift(const Connection& connection,
                      const Arguments& arguments,
                      int64_t at,
                      Blame* blame) {
  v1::HostHistoryRequest request;
  request.set_host(arguments.host);
  request.set_resource(arguments.resource);
  request.set_most(kMostSpans);
  request.set_until_us(at);
  ASSIGN_OR_RETURN(const auto history, HistoryClient(connection).HostHistory(request));
  for (const v1::Span& span : history.spans()) {
    if (span.state().cause() == v1::CAUSE_DRIFT) {
      blame->drift = span;
      break;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Blame> Find(const Connection& connection, const Arguments& arguments, int64_t at) {
  v1::GetHostRequest request;
  request.set_name(arguments.host);
  request.set_at_us(at);
  ASSIGN_OR_RETURN(const v1::HostDetail detail, FleetClient(connection).GetHost(request));
  Blame blame;
  std::vector<std::string_view> known;
  for (const v1::ResourceState& resource : detail.resources()) {
    known.push_back(resource.id());
    if (resource.id() == arguments.resource) {
      blame.state = resource;
    }
  }
  if (blame.state.id().empty()) {
    return NotFound("{} has no resource \"{}\"{}{}",
                    arguments.host,
                    arguments.resource,
                    at == 0 ? "" : " " + AsOf(at),
                    DidYouMean(arguments.resource, known));
  }
  blame.revision = detail.host().revision();
  RETURN_IF_ERROR(AddLine(PolicyClient(connection), &blame));
  RETURN_IF_ERROR(AddDrift(connection, arguments, at, &blame));
  return blame;
}

std::string TimeText(int64_t microseconds) {
  const absl::Time time = FromMicroseconds(microseconds);
  return fmt::format("{} ({})", Rfc3339(time), Age(time, absl::Now()));
}

std::string Line(std::string_view name, std::string_view value) {
  return value.empty() ? std::string() : fmt::format("{:<11} {}\n", name, Safe(value));
}

std::string RevisionText(const v1::Revision& revision) {
  return fmt::format("{} by {}, signed by {}, published {} by {}: {}",
                     revision.name(),
                     revision.author(),
                     revision.signed_by().empty() ? "nobody" : revision.signed_by(),
                     TimeText(revision.published_us()),
                     revision.published_by(),
                     FirstLine(revision.message()));
}

std::string Format(const Blame& blame, bool colour) {
  const v1::ResourceState& state = blame.state;
  std::string text = Line("resource", state.id());
  text += Line("state",
               fmt::format("{} since {}{}",
                           StateCell(state.state()).text,
                           TimeText(state.since_us()),
                           state.run().empty() ? "" : ", run " + state.run()));
  text += ErrorText(state.error(), colour);
  text += Line("declared", state.position());
  text += blame.line.empty() ? "" : fmt::format("    {}\n", Safe(Trim(blame.line)));
  if (!blame.introduced.name().empty()) {
    text += Line("line since", RevisionText(blame.introduced));
  }
  if (!blame.enforced.name().empty()) {
    text += Line("enforced", RevisionText(blame.enforced));
  }
  if (!blame.drift.has_value()) {
    return text + Line("drift", "nobody else changed it, as far as is kept");
  }
  const v1::ResourceState& drift = blame.drift->state();
  text += Line("drift",
               fmt::format("{}, {}",
                           TimeText(blame.drift->from_us()),
                           WhatText(drift.state(), drift.cause(), drift.contended())));
  return text + DifferencesText(drift.differences(), colour) +
         ActorText(ActorOf(drift), drift.contended());
}

absl::StatusOr<nlohmann::ordered_json> ParsedJson(const google::protobuf::Message& message) {
  ASSIGN_OR_RETURN(const std::string text, JsonText(message));
  return nlohmann::ordered_json::parse(text);
}

absl::Status PrintBlame(const Arguments& arguments, const Blame& blame) {
  nlohmann::ordered_json json = {{"host", arguments.host}, {"line", blame.line}};
  ASSIGN_OR_RETURN(json["resource"], ParsedJson(blame.state));
  const std::pair<const char*, const v1::Revision*> revisions[] = {
      {"enforced", &blame.enforced}, {"introduced", &blame.introduced}};
  for (const auto& [name, revision] : revisions) {
    json[name] = nullptr;
    if (!revision->name().empty()) {
      ASSIGN_OR_RETURN(json[name], ParsedJson(*revision));
    }
  }
  json["drift"] = nullptr;
  if (blame.drift.has_value()) {
    ASSIGN_OR_RETURN(json["drift"], ParsedJson(*blame.drift));
  }
  Print(json.dump(2) + "\n");
  return absl::OkStatus();
}

absl::Status ShowBlame(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const int64_t at, MomentOf("--at", arguments.at));
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  ASSIGN_OR_RETURN(const Blame blame, Find(connection, arguments, at));
  if (arguments.output.json()) {
    return PrintBlame(arguments, blame);
  }
  SayAsOf(at);
  Print(Format(blame, arguments.output.UseColour()));
  return absl::OkStatus();
}

}  // namespace

void AddBlameCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "blame", "Show the line that declares a resource, who wrote it, and who changed it since");
  command->add_option("HOST", arguments->host, "The host's name")->required();
  command->add_option("RESOURCE", arguments->resource, "The resource: file:/etc/motd")->required();
  AddAtOption(command, &arguments->at);
  AddOutputOptions(*command, &arguments->output);
  command->footer("Example: fettle blame web1 file:/etc/motd");
  OnParse(command, "blame", exit_code, [arguments] { return ShowBlame(*arguments); });
}

}  // namespace fettle::cli
