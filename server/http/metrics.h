// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/api/context.h"
#include "server/fleet/host_view.h"
#include "server/http/message.h"
#include "server/notify/notifier.h"
#include "server/schedule/scheduler.h"
#include "server/siem/relay.h"

// GET /metrics: the fleet as numbers, for Prometheus (text exposition format 0.0.4). They are
// counted from the store when somebody asks, so that nothing else costs more because of them.
// docs/metrics.md lists them.
namespace fettle::server::http {

// What is told beside the hosts.
struct ServerFigures {
  uint64_t sessions = 0;
  uint64_t evidence_leaves = 0;
  uint64_t database_bytes = 0;
  bool database_damaged = false;
  std::vector<notify::HookFigures> hooks;
  std::vector<siem::OutletFigures> outlets;
  std::vector<schedule::ReportFigures> reports;
};

// Pure.
std::string MetricsText(const std::vector<HostView>& hosts, const ServerFigures& figures);

// For people who may look, by certificate or session. 405 for anything but GET.
class Metrics {
 public:
  explicit Metrics(const Context& context) : context_(context) {}

  Response Handle(const Request& request) const;

 private:
  absl::StatusOr<std::string> Text() const;

  const Context context_;
};

}  // namespace fettle::server::http
