// SPDX-License-Identifier: Apache-2.0
// What the agent does about what others do to the host.
#include <spdlog/spdlog.h>

#include "agent/daemon/agent.h"
#include "lib/base/status_macros.h"

namespace fettle::agent {

void Agent::TakeTouched() {
  if (parts_.watcher == nullptr) {
    return;
  }
  watch::Watcher& watcher = *parts_.watcher;
  watcher.Tick();
  for (const std::string& message : watcher.TakeMessages()) {
    spdlog::warn("{}", message);
  }
  if (const auto coverage = watcher.TakeCoverage()) {
    parts_.reporter.TellCoverage(*coverage);
    session_.Pump();
  }
  for (watch::Watcher::Due due = watcher.TakeDue(); !due.ids.empty(); due = watcher.TakeDue()) {
    touched_look_only_ = due.look_only && (touched_.empty() || touched_look_only_);
    touched_.insert(due.ids.begin(), due.ids.end());
  }
  StartNext();
}

void Agent::StartTouched() {
  if (!StillTrusted()) {
    touched_.clear();
    return;
  }
  Job job;
  job.revision = *parts_.revisions.current();
  job.tree = *tree_;
  job.reason = "drift";
  job.audit = touched_look_only_ || !parts_.config.enforce;
  job.paused = parts_.pause.Active(parts_.clock.Now());
  job.connected = session_.up();
  job.only.assign(touched_.begin(), touched_.end());
  touched_.clear();
  running_ = job;
  parts_.start_job(std::move(job));
}

void Agent::OnPauseOrder(const link::PauseOrder& order) {
  const absl::Status status =
      order.span == absl::ZeroDuration()
          ? Resume()
          : BeginPause(order.span, fmt::format("{} ({})", order.reason, order.by));
  if (!status.ok()) {
    spdlog::warn("asked by {} to pause or resume: {}", order.by, Message(status));
  }
}

}  // namespace fettle::agent
