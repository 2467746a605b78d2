// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"

#include "lib/resource/report.h"

// What the agent is like as numbers, for a Prometheus exporter that reads files (node_exporter's
// textfile collector): nothing listens, and nothing wakes for it.
namespace fettle::agent {

struct AgentFigures {
  std::string version;
  std::string revision;                        // "r7"; "" none yet.
  absl::Time last_run = absl::InfinitePast();  // When it began; InfinitePast: none yet.
  absl::Duration last_duration;
  bool last_good = false;         // Nothing failed, and it could be done.
  resource::RunCounts resources;  // As they rest.
  bool connected = false;
  bool paused = false;
  uint64_t spool_reports = 0;
  uint64_t spool_bytes = 0;
  uint64_t spool_dropped = 0;
  uint64_t watch_losses = 0;
  absl::Time certificate_ends;
};

// The text exposition format, version 0.0.4; docs/agent-metrics.md lists what is in it. Pure.
std::string MetricsText(const AgentFigures& figures);

}  // namespace fettle::agent
