// SPDX-License-Identifier: Apache-2.0
// `fettle hosts` and `fettle host`: how the fleet is, and how one host is.
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/client/fleet_client.h"
#include "cli/fleet/command.h"
#include "cli/fleet/fleet_commands.h"
#include "cli/fleet/moments.h"
#include "cli/fleet/present.h"
#include "cli/fleet/words.h"
#include "cli/terminal/output.h"
#include "fettle/v1/fleet.pb.h"
#include "lib/base/clock.h"
#include "lib/base/status_macros.h"

namespace fettle::cli {
namespace {

struct HostsArguments {
  std::vector<std::string> filter;
  std::string at;
  Output output;
};

struct HostArguments {
  std::string name;
  bool all = false;
  bool facts = false;
  std::string at;
  Output output;
};

absl::Status ListHosts(const HostsArguments& arguments) {
  ASSIGN_OR_RETURN(const int64_t at, MomentOf("--at", arguments.at));
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  v1::ListHostsRequest request;
  request.set_filter(JoinWords(arguments.filter));
  request.set_at_us(at);
  ASSIGN_OR_RETURN(const v1::ListHostsResponse response,
                   FleetClient(connection).ListHosts(request));
  if (arguments.output.json()) {
    return PrintJson(response);
  }
  SayAsOf(at);
  const absl::Time now = absl::Now();
  Table table({"HOST", "PRESENCE", "REVISION", "CHANNEL", "RESOURCES", "LAST RUN", "LABELS"});
  for (const v1::Host& host : response.hosts()) {
    table.Add({{host.name()},
               at == 0 ? PresenceCell(host, now) : Cell{"-"},
               at == 0 ? RevisionCell(host) : Cell{host.revision()},
               {host.channel()},
               CountsCell(host.counts()),
               {at == 0 ? Age(FromMicroseconds(host.last_run_us()), now) : "-"},
               {LabelsText(host.labels()), Tone::kDim}});
  }
  arguments.output.Print(table,
                         request.filter().empty()
                             ? "no hosts yet: fettle enroll token, then fettle-agent enroll there"
                             : "no host fits: " + request.filter());
  return absl::OkStatus();
}

std::string Line(const char* name, const Cell& value, bool colour) {
  return value.text.empty()
             ? std::string()
             : fmt::format("{:<12} {}\n", name, Toned(Safe(value.text), value.tone, colour));
}

std::string AgeOf(int64_t microseconds, absl::Time now) {
  const absl::Time time = FromMicroseconds(microseconds);
  return microseconds == 0 ? "never" : fmt::format("{} ({})", Age(time, now), Rfc3339(time));
}

std::string Head(const v1::Host& host, absl::Time now, bool colour) {
  std::string text = Line("host", {host.name()}, colour);
  text += Line("presence", PresenceCell(host, now), colour);
  text += Line("last seen", {AgeOf(host.last_seen_us(), now)}, colour);
  text += Line("channel", {host.channel()}, colour);
  text += Line("revision", RevisionCell(host), colour);
  if (host.paused_until_us() != 0) {
    text += Line("paused",
                 {fmt::format("until {}: {}",
                              Rfc3339(FromMicroseconds(host.paused_until_us())),
                              host.pause_reason()),
                  Tone::kBad},
                 colour);
  }
  text += Line("refused", {host.refusal(), Tone::kBad}, colour);
  text += Line("resources", CountsCell(host.counts()), colour);
  text += Line("last run", {AgeOf(host.last_run_us(), now)}, colour);
  text += Line("run error", {host.last_run_error(), Tone::kBad}, colour);
  text +=
      Line("open drift",
           host.open_drift() == 0 ? Cell{} : Cell{std::to_string(host.open_drift()), Tone::kBad},
           colour);
  text += Line("labels", {LabelsText(host.labels())}, colour);
  text += Line("system", {host.os()}, colour);
  text += Line("address", {host.address()}, colour);
  text += Line("agent", {host.agent_version()}, colour);
  text += Line("signs with", {host.report_key()}, colour);
  return text + Line("certificate",
                     host.certificate_expires_us() == 0
                         ? Cell{}
                         : Cell{"ends " + AgeOf(host.certificate_expires_us(), now)},
                     colour);
}

// How the resources are watched: "18 by events, 2 by sweeps; a change is seen within 33m (exec:a)".
std::string WatchingText(const v1::HostDetail& detail) {
  int by_event = 0;
  int by_poll = 0;
  int by_sweep = 0;
  const v1::ResourceState* worst = nullptr;
  for (const v1::ResourceState& resource : detail.resources()) {
    by_event += resource.watching() == v1::WATCHING_EVENT ? 1 : 0;
    by_poll += resource.watching() == v1::WATCHING_POLL ? 1 : 0;
    by_sweep += resource.watching() == v1::WATCHING_SWEEP ? 1 : 0;
    if (worst == nullptr || resource.worst_us() > worst->worst_us()) {
      worst = &resource;
    }
  }
  if (by_event + by_poll + by_sweep == 0) {
    return "";
  }
  std::string text = fmt::format("{} by events", by_event);
  text += by_poll == 0 ? "" : fmt::format(", {} by polls", by_poll);
  text += by_sweep == 0 ? "" : fmt::format(", {} by sweeps", by_sweep);
  return fmt::format("{}; a change is seen within {} ({})",
                     text,
                     SpanText(absl::Microseconds(worst->worst_us())),
                     worst->id());
}

// "event, 500ms": how soon a change of one is seen; "-" when that is not known.
std::string WatchingCell(const v1::ResourceState& resource) {
  constexpr const char* kWords[] = {"-", "event", "poll", "sweep"};
  const int watching = resource.watching();
  if (watching <= v1::WATCHING_UNSPECIFIED || watching > v1::WATCHING_SWEEP) {
    return kWords[0];
  }
  return fmt::format("{}, {}", kWords[watching], SpanText(absl::Microseconds(resource.worst_us())));
}

// The resources, those that are not ok alone unless `all`.
std::string Resources(const v1::HostDetail& detail,
                      const HostArguments& arguments,
                      absl::Time now) {
  const bool colour = arguments.output.UseColour();
  Table table({"STATE", "FOR", "RESOURCE", "SEEN BY", "DECLARED AT"});
  std::vector<std::string> details;
  for (const v1::ResourceState& resource : detail.resources()) {
    if (resource.state() == v1::STATE_OK && !arguments.all) {
      continue;
    }
    table.Add(
        {StateCell(resource.state()),
         {resource.since_us() == 0 ? "-" : SpanText(now - FromMicroseconds(resource.since_us()))},
         {resource.id()},
         {WatchingCell(resource)},
         {resource.position(), Tone::kDim}});
    details.push_back(ErrorText(resource.error(), colour) +
                      DifferencesText(resource.differences(), colour) +
                      ActorText(ActorOf(resource), resource.contended()));
  }
  return table.empty() ? std::string()
                       : "\n" + WithDetails(table.Format(colour, TerminalWidth()), details);
}

// A host as it was: what is kept of then, and nothing of now.
std::string HeadThen(const v1::Host& host, int64_t at, bool colour) {
  return Line("host", {host.name()}, colour) + Line("shown", {AsOf(at)}, colour) +
         Line("revision", {host.revision()}, colour) +
         Line("resources", CountsCell(host.counts()), colour) +
         Line("open drift",
              host.open_drift() == 0 ? Cell{} : Cell{std::to_string(host.open_drift()), Tone::kBad},
              colour);
}

absl::Status ShowHost(const HostArguments& arguments) {
  ASSIGN_OR_RETURN(const int64_t at, MomentOf("--at", arguments.at));
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  v1::GetHostRequest request;
  request.set_name(arguments.name);
  request.set_at_us(at);
  ASSIGN_OR_RETURN(const v1::HostDetail detail, FleetClient(connection).GetHost(request));
  if (arguments.output.json()) {
    return PrintJson(detail);
  }
  if (arguments.facts) {
    SayAsOf(at);
    Print(Safe(detail.facts_json()) + "\n");
    return absl::OkStatus();
  }
  const bool colour = arguments.output.UseColour();
  if (at != 0) {
    Print(HeadThen(detail.host(), at, colour));
  } else {
    Print(Head(detail.host(), absl::Now(), colour) +
          Line("watching", {WatchingText(detail)}, colour));
    Print(Line("wants", {WantsText(detail.facts_json()), Tone::kBad}, colour));
  }
  Print(Resources(detail, arguments, at == 0 ? absl::Now() : FromMicroseconds(at)));
  return absl::OkStatus();
}

}  // namespace

void AddHostsCommands(CLI::App& app, int* exit_code) {
  const auto hosts_arguments = std::make_shared<HostsArguments>();
  CLI::App* const hosts = app.add_subcommand("hosts", "List hosts and how they are");
  AddFilter(hosts, &hosts_arguments->filter);
  AddAtOption(hosts, &hosts_arguments->at);
  AddOutputOptions(*hosts, &hosts_arguments->output);
  hosts->footer(std::string(kFilterHelp) +
                "\n\nExamples: fettle hosts\n          fettle hosts \"labels.role == web and "
                "counts.failed > 0\"");
  OnParse(hosts, "hosts", exit_code, [hosts_arguments] { return ListHosts(*hosts_arguments); });

  const auto host_arguments = std::make_shared<HostArguments>();
  CLI::App* const host = app.add_subcommand("host", "Show one host, and what is off on it");
  host->add_option("HOST", host_arguments->name, "The host's name")->required();
  host->add_flag("--all", host_arguments->all, "Also the resources that are ok");
  AddAtOption(host, &host_arguments->at);
  host->add_flag("--facts", host_arguments->facts, "What the host says of itself, as JSON");
  AddOutputOptions(*host, &host_arguments->output);
  host->footer("Examples: fettle host web1\n          fettle host web1 --at yesterday --facts");
  OnParse(host, "host", exit_code, [host_arguments] { return ShowHost(*host_arguments); });
}

}  // namespace fettle::cli
