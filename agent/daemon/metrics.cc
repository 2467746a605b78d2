// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/metrics.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace fettle::agent {
namespace {

void Head(std::string_view name, std::string_view help, std::string_view type, std::string* text) {
  *text += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

template <typename Value>
void Gauge(std::string_view name, std::string_view help, Value value, std::string* text) {
  Head(name, help, "gauge", text);
  *text += fmt::format("{} {}\n", name, value);
}

void Counter(std::string_view name, std::string_view help, uint64_t value, std::string* text) {
  Head(name, help, "counter", text);
  *text += fmt::format("{} {}\n", name, value);
}

void TellResources(const resource::RunCounts& counts, std::string* text) {
  constexpr std::string_view kName = "fettle_agent_resources";
  Head(kName, "Resources of this host, by the state they rest in.", "gauge", text);
  const std::pair<std::string_view, int32_t> states[] = {{"ok", counts.ok},
                                                         {"unknown", counts.unknown},
                                                         {"skipped", counts.skipped},
                                                         {"drifted", counts.drifted},
                                                         {"failed", counts.failed},
                                                         {"reverted", counts.reverted},
                                                         {"blocked", counts.blocked}};
  for (const auto& [state, count] : states) {
    *text += fmt::format("{}{{state=\"{}\"}} {}\n", kName, state, count);
  }
}

void TellLastRun(const AgentFigures& figures, std::string* text) {
  if (figures.last_run == absl::InfinitePast()) {
    return;
  }
  Gauge("fettle_agent_last_run_timestamp_seconds",
        "When the last run began.",
        absl::ToUnixSeconds(figures.last_run),
        text);
  Gauge("fettle_agent_last_run_duration_seconds",
        "How long the last run took.",
        absl::ToDoubleSeconds(figures.last_duration),
        text);
  Gauge("fettle_agent_last_run_success",
        "1 when the last run could be done and nothing in it failed, else 0.",
        figures.last_good ? 1 : 0,
        text);
}

}  // namespace

std::string MetricsText(const AgentFigures& figures) {
  std::string text;
  Head("fettle_agent_info",
       "Version of the agent, and the revision that it enforces.",
       "gauge",
       &text);
  // Both are words of ours: digits, dots and "r7".
  text += fmt::format(
      "fettle_agent_info{{version=\"{}\",revision=\"{}\"}} 1\n", figures.version, figures.revision);
  TellLastRun(figures, &text);
  TellResources(figures.resources, &text);
  Gauge("fettle_agent_connected",
        "1 while the server knows this host in a session, else 0.",
        figures.connected ? 1 : 0,
        &text);
  Gauge(
      "fettle_agent_paused", "1 while the agent is paused, else 0.", figures.paused ? 1 : 0, &text);
  Gauge("fettle_agent_spool_reports",
        "Reports that wait for the server.",
        figures.spool_reports,
        &text);
  Gauge("fettle_agent_spool_bytes", "Size of the spool.", figures.spool_bytes, &text);
  Counter("fettle_agent_spool_dropped_total",
          "Reports that were dropped for want of room since the agent started.",
          figures.spool_dropped,
          &text);
  Counter("fettle_agent_watch_losses_total",
          "Times that the kernel lost events of what is watched, since the agent started.",
          figures.watch_losses,
          &text);
  Gauge("fettle_agent_certificate_expiry_timestamp_seconds",
        "When this host's certificate ends.",
        absl::ToUnixSeconds(figures.certificate_ends),
        &text);
  return text;
}

}  // namespace fettle::agent
