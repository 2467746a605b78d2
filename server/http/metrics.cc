// SPDX-License-Identifier: Apache-2.0
#include "server/http/metrics.h"

#include <array>
#include <filesystem>
#include <limits>
#include <system_error>

#include "lib/base/status_macros.h"
#include "server/api/access.h"
#include "server/api/scope.h"
#include "server/http/caller.h"
#include "server/http/connect_error.h"

namespace fettle::server::http {
namespace {

// One metric: its name, what it is, and its lines.
class Gauge {
 public:
  Gauge(std::string* text,
        std::string_view name,
        std::string_view help,
        std::string_view type = "gauge")
      : text_(text), name_(name) {
    *text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
  }

  void Set(uint64_t value) { *text_ += fmt::format("{} {}\n", name_, value); }

  // With its labels as they are written.
  void SetWith(std::string_view labels, uint64_t value) {
    *text_ += fmt::format("{}{{{}}} {}\n", name_, labels, value);
  }

  // Names and values of labels are words of ours.
  void Set(std::string_view label, std::string_view word, uint64_t value) {
    *text_ += fmt::format("{}{{{}=\"{}\"}} {}\n", name_, label, word, value);
  }

 private:
  std::string* const text_;
  const std::string_view name_;
};

struct Sums {
  std::array<uint64_t, 4> presence{};
  uint64_t paused = 0;
  uint64_t refusing = 0;
  uint64_t behind = 0;
  uint64_t drifted = 0;
  uint64_t failed = 0;
  uint64_t drift = 0;
  resource::RunCounts resources;
  int64_t first_expiry = std::numeric_limits<int64_t>::max();
};

void AddCounts(const resource::RunCounts& counts, resource::RunCounts* sum) {
  sum->ok += counts.ok;
  sum->unknown += counts.unknown;
  sum->skipped += counts.skipped;
  sum->drifted += counts.drifted;
  sum->failed += counts.failed;
  sum->reverted += counts.reverted;
  sum->blocked += counts.blocked;
}

Sums SumUp(const std::vector<HostView>& hosts) {
  Sums sums;
  for (const HostView& host : hosts) {
    ++sums.presence[static_cast<std::size_t>(host.presence)];
    if (host.presence == Presence::kRevoked) {
      continue;  // What it said last counts no more.
    }
    const HostRecord& record = host.record;
    sums.paused += record.paused_until != absl::InfinitePast() ? 1 : 0;
    sums.refusing += RefusalOf(host).empty() ? 0 : 1;
    sums.behind += host.assigned.empty() || host.assigned == record.revision ? 0 : 1;
    sums.drifted += record.open_drift > 0 ? 1 : 0;
    sums.failed += record.counts.failed > 0 ? 1 : 0;
    sums.drift += record.open_drift;
    AddCounts(record.counts, &sums.resources);
    if (record.certificate_expires != absl::InfinitePast()) {
      sums.first_expiry =
          std::min(sums.first_expiry, absl::ToUnixSeconds(record.certificate_expires));
    }
  }
  return sums;
}

void TellHosts(const Sums& sums, std::string* text) {
  Gauge presence(text, "fettle_hosts", "Hosts, by whether they are heard of.");
  for (const Presence one :
       {Presence::kConnected, Presence::kSilent, Presence::kNeverSeen, Presence::kRevoked}) {
    presence.Set("presence", PresenceName(one), sums.presence[static_cast<std::size_t>(one)]);
  }
  Gauge(text, "fettle_hosts_paused", "Hosts that look and report only for a while.")
      .Set(sums.paused);
  Gauge(text, "fettle_hosts_refusing", "Hosts that would not take the revision of their channel.")
      .Set(sums.refusing);
  Gauge(text, "fettle_hosts_behind", "Hosts that do not enforce the revision of their channel.")
      .Set(sums.behind);
  Gauge(text, "fettle_hosts_drifted", "Hosts with open drift.").Set(sums.drifted);
  Gauge(text, "fettle_hosts_failed", "Hosts with resources that failed.").Set(sums.failed);
  if (sums.first_expiry != std::numeric_limits<int64_t>::max()) {
    Gauge(text,
          "fettle_host_certificate_first_expiry_timestamp_seconds",
          "When the first certificate of a host ends.")
        .Set(static_cast<uint64_t>(std::max<int64_t>(0, sums.first_expiry)));
  }
}

void TellResources(const Sums& sums, std::string* text) {
  Gauge resources(text, "fettle_resources", "Resources of all hosts, by the state they rest in.");
  const std::pair<const char*, int32_t> states[] = {{"ok", sums.resources.ok},
                                                    {"unknown", sums.resources.unknown},
                                                    {"skipped", sums.resources.skipped},
                                                    {"drifted", sums.resources.drifted},
                                                    {"failed", sums.resources.failed},
                                                    {"reverted", sums.resources.reverted},
                                                    {"blocked", sums.resources.blocked}};
  for (const auto& [state, count] : states) {
    resources.Set("state", state, static_cast<uint64_t>(count));
  }
  Gauge(text, "fettle_drift_open", "Drifts that are open.").Set(sums.drift);
}

// Names of hooks are plain words: the configuration sees to that.
void TellHooks(const std::vector<notify::HookFigures>& hooks, std::string* text) {
  if (hooks.empty()) {
    return;
  }
  Gauge sent(text,
             "fettle_notifications_sent_total",
             "Messages to receivers of notifications, by whether they were taken.",
             "counter");
  for (const notify::HookFigures& one : hooks) {
    sent.SetWith(fmt::format(R"(hook="{}",result="ok")", one.hook), one.sent);
    sent.SetWith(fmt::format(R"(hook="{}",result="failed")", one.hook), one.failed);
  }
  Gauge dropped(text,
                "fettle_notifications_dropped_total",
                "Notices that a receiver could not be told of.",
                "counter");
  for (const notify::HookFigures& one : hooks) {
    dropped.Set("hook", one.hook, one.dropped);
  }
  Gauge pending(text, "fettle_notifications_pending", "Notices that wait for their receiver.");
  for (const notify::HookFigures& one : hooks) {
    pending.Set("hook", one.hook, one.pending);
  }
}

// So are those of outlets.
void TellOutlets(const std::vector<siem::OutletFigures>& outlets, std::string* text) {
  if (outlets.empty()) {
    return;
  }
  const auto tell = [&](std::string_view name,
                        std::string_view help,
                        std::string_view type,
                        uint64_t siem::OutletFigures::*figure) {
    Gauge gauge(text, name, help, type);
    for (const siem::OutletFigures& one : outlets) {
      gauge.Set("outlet", one.outlet, one.*figure);
    }
  };
  tell("fettle_siem_sent_total",
       "Events that an outlet of the event stream took.",
       "counter",
       &siem::OutletFigures::sent);
  tell("fettle_siem_failures_total",
       "Tries to send events that failed.",
       "counter",
       &siem::OutletFigures::failed);
  tell("fettle_siem_lost_total",
       "Leaves of the evidence log that went with their month of history before they were sent.",
       "counter",
       &siem::OutletFigures::lost);
  tell("fettle_siem_behind",
       "Leaves of the evidence log that an outlet was not sent yet.",
       "gauge",
       &siem::OutletFigures::behind);
}

// So are those of reports.
void TellReports(const std::vector<schedule::ReportFigures>& reports, std::string* text) {
  if (reports.empty()) {
    return;
  }
  Gauge sent(text,
             "fettle_reports_sent_total",
             "Scheduled reports, by whether they were taken.",
             "counter");
  for (const schedule::ReportFigures& one : reports) {
    sent.SetWith(fmt::format(R"(report="{}",result="ok")", one.report), one.sent);
    sent.SetWith(fmt::format(R"(report="{}",result="failed")", one.report), one.failed);
  }
  Gauge missed(text,
               "fettle_reports_missed_total",
               "Scheduled reports that were not taken before the next one was due.",
               "counter");
  for (const schedule::ReportFigures& one : reports) {
    missed.Set("report", one.report, one.missed);
  }
}

// Sums tell of all hosts, so they are for who may see all.
absl::Status CheckMayCount(const Context& context, const Peer& peer) {
  ASSIGN_OR_RETURN(const Viewer viewer, ViewerOf(context, peer));
  if (viewer.role == "auditor") {
    return PermissionDenied(
        "what an auditor asks is written down, and /metrics is asked too often "
        "for that: it is for viewers and admins");
  }
  return CheckSeesAll(viewer, "/metrics");
}

}  // namespace

std::string MetricsText(const std::vector<HostView>& hosts, const ServerFigures& figures) {
  std::string text;
  const Sums sums = SumUp(hosts);
  TellHosts(sums, &text);
  TellResources(sums, &text);
  Gauge(&text, "fettle_sessions", "Connections of agents to this server.").Set(figures.sessions);
  Gauge(&text, "fettle_evidence_leaves", "Leaves of the evidence log.")
      .Set(figures.evidence_leaves);
  Gauge(&text, "fettle_database_bytes", "Size of the database's file.").Set(figures.database_bytes);
  Gauge(&text, "fettle_database_damaged", "1: a check of the database's file found damage.")
      .Set(figures.database_damaged ? 1 : 0);
  TellHooks(figures.hooks, &text);
  TellOutlets(figures.outlets, &text);
  TellReports(figures.reports, &text);
  return text;
}

absl::StatusOr<std::string> Metrics::Text() const {
  ASSIGN_OR_RETURN(const auto hosts,
                   FindHosts(context_.store, "", context_.clock.Now(), context_.config.heartbeat));
  ASSIGN_OR_RETURN(const evidence::TreeHead head, context_.store.evidence().Head());
  std::error_code unknown;
  const auto bytes = std::filesystem::file_size(context_.config.DatabasePath(), unknown);
  return MetricsText(hosts,
                     {context_.sessions.All().size(),
                      head.size,
                      unknown ? 0 : uint64_t{bytes},
                      !context_.store.damage().empty(),
                      context_.notifier.Figures(),
                      context_.siem.Figures(),
                      context_.scheduler.Figures()});
}

Response Metrics::Handle(const Request& request) const {
  if (request.method != "GET") {
    Response refused = TextResponse(405, "GET alone");
    refused.headers.emplace_back("Allow", "GET");
    return refused;
  }
  const auto caller = CallerOf(context_, request);
  const absl::Status allowed =
      caller.ok() ? CheckMayCount(context_, caller->peer) : caller.status();
  if (!allowed.ok()) {
    return ErrorResponse(allowed);
  }
  auto text = Text();
  if (!text.ok()) {
    return ErrorResponse(text.status());
  }
  Response response;
  response.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                      {"Cache-Control", "no-store"}};
  response.body = *std::move(text);
  return response;
}

}  // namespace fettle::server::http
