// SPDX-License-Identifier: Apache-2.0
// What those at the host may ask of the agent.
#include <spdlog/spdlog.h>

#include "agent/daemon/agent.h"
#include "agent/undo/hold.h"
#include "lib/base/status_macros.h"

namespace fettle::agent {

absl::Status Agent::RequestRun(const std::string& reason, bool audit, RunDone done) {
  if (!tree_.has_value()) {
    return FailedPrecondition("there is no revision to apply: {}",
                              parts_.reporter.refusal().empty()
                                  ? "the server has not assigned one yet"
                                  : parts_.reporter.refusal());
  }
  Want(reason, audit, std::move(done));
  return absl::OkStatus();
}

absl::Status Agent::BeginPause(absl::Duration span, const std::string& reason) {
  RETURN_IF_ERROR(parts_.pause.Begin(parts_.clock.Now(), span, reason));
  spdlog::warn(
      "paused until {}: {}; looking and reporting only", Rfc3339(*parts_.pause.until()), reason);
  parts_.reporter.TellPause(*parts_.pause.until(), reason);
  session_.Pump();
  // So that the server sees it: the report of this run says that it was paused.
  if (tree_.has_value()) {
    Want(fmt::format("paused: {}", reason), false, nullptr);
  }
  return absl::OkStatus();
}

absl::Status Agent::EndPause() {
  if (!parts_.pause.until().has_value()) {
    return FailedPrecondition("this host is not paused");
  }
  RETURN_IF_ERROR(parts_.pause.End());
  parts_.reporter.TellPause(absl::InfinitePast(), "");
  session_.Pump();
  spdlog::info("no longer paused");
  if (tree_.has_value()) {
    Want("resumed", false, nullptr);
  }
  return absl::OkStatus();
}

void Agent::TellUndone() {
  tell_undone_ = true;
  StartNext();
}

absl::Status Agent::Resume() {
  if (!undo::ReadHold(parts_.config.state_dir).has_value()) {
    return EndPause();
  }
  RETURN_IF_ERROR(undo::DropHold(parts_.config.state_dir));
  spdlog::info("what was undone is enforced again");
  if (parts_.pause.until().has_value()) {
    return EndPause();
  }
  if (tree_.has_value()) {
    Want("resumed", false, nullptr);
  }
  return absl::OkStatus();
}

void Agent::EndPauseIfDue() {
  if (parts_.pause.until().has_value() && !parts_.pause.Active(parts_.clock.Now())) {
    if (const absl::Status status = EndPause(); !status.ok()) {
      spdlog::error("{}", Message(status));
    }
  }
}

std::string Agent::DescribeRevision() const {
  const auto& current = parts_.revisions.current();
  if (!current.has_value()) {
    return "revision   none yet\n";
  }
  std::string text = fmt::format("revision   {} ({}), channel {}\n",
                                 current->revision,
                                 current->revision_id.Hex().substr(0, 12),
                                 current->channel);
  if (!tree_.has_value()) {
    text += "           not enforced: see below\n";
  }
  return text;
}

std::string Agent::DescribeLastRun() const {
  const auto& last = parts_.reporter.last_run();
  if (!last.has_value()) {
    return busy() ? "last run   the first one is under way\n" : "last run   none yet\n";
  }
  return fmt::format(
      "last run   {} ({}): {}{}\n",
      Rfc3339(last->started),
      last->reason,
      last->error.empty()
          ? fmt::format("{} resources, {} changed", last->counts.total(), last->counts.changed)
          : last->error,
      busy() ? "; another one is under way" : "");
}

std::string Agent::DescribeUnrest() const {
  constexpr std::size_t kShown = 20;
  const std::vector<link::SnapshotEntry> unrest = parts_.reporter.Unrest();
  std::string text;
  for (std::size_t i = 0; i < unrest.size() && i < kShown; ++i) {
    text += fmt::format("           {} is {} ({})\n",
                        unrest[i].id,
                        resource::StateName(resource::RestingState(unrest[i].state)),
                        unrest[i].position);
  }
  if (unrest.size() > kShown) {
    text += fmt::format("           and {} more\n", unrest.size() - kShown);
  }
  return text;
}

std::string Agent::Status() const {
  std::string text = fmt::format("host       {}\n", parts_.renewal.identity().name);
  text += session_.up()
              ? fmt::format("server     {}, connected\n", parts_.config.server)
              : fmt::format(
                    "server     {}, not connected: {}\n", parts_.config.server, session_.trouble());
  text += DescribeRevision();
  if (!parts_.reporter.refusal().empty()) {
    text += fmt::format("refused    {}\n", parts_.reporter.refusal());
  }
  if (!intake_.waiting_for().empty()) {
    text += fmt::format("fetching   {}\n", intake_.waiting_for());
  }
  text += DescribeLastRun() + DescribeConfirmation() + DescribeUnrest();
  if (parts_.pause.Active(parts_.clock.Now())) {
    text += fmt::format(
        "paused     until {}: {}\n", Rfc3339(*parts_.pause.until()), parts_.pause.reason());
  }
  if (const auto hold = undo::ReadHold(parts_.config.state_dir); hold.has_value()) {
    text +=
        fmt::format("held       {} (run {}, {}); looks only until {}another revision or resume\n",
                    hold->reason,
                    hold->run,
                    hold->revision,
                    hold->until_connected ? "the server is there, " : "");
  }
  text += fmt::format(
      "spool      {} reports wait, {} bytes", parts_.spool.waiting(), parts_.spool.bytes());
  text += parts_.spool.dropped() == 0
              ? "\n"
              : fmt::format(", {} dropped for want of room\n", parts_.spool.dropped());
  text += fmt::format("identity   certificate good until {}\n",
                      Rfc3339(parts_.renewal.identity().not_after));
  return text;
}

std::string Agent::StatusLine() const {
  const auto& current = parts_.revisions.current();
  const std::size_t unrest = parts_.reporter.Unrest().size();
  return fmt::format("{}; {}{}{}{}",
                     current.has_value() ? current->revision : "no revision yet",
                     session_.up() ? "connected" : "not connected",
                     unrest == 0 ? "" : fmt::format("; {} resources not at rest", unrest),
                     parts_.pause.until().has_value() ? "; paused" : "",
                     undo_.has_value()      ? "; undoing what was not confirmed"
                     : confirmer_.waiting() ? "; waiting for confirmation"
                                            : "");
}

AgentFigures Agent::Figures() const {
  AgentFigures figures;
  figures.version = parts_.self.version;
  const auto& current = parts_.revisions.current();
  figures.revision = current.has_value() ? current->revision : "";
  if (const auto& last = parts_.reporter.last_run(); last.has_value()) {
    figures.last_run = last->started;
    figures.last_duration = last->duration;
    figures.last_good = last->error.empty() && last->counts.failed == 0;
  }
  figures.resources = parts_.reporter.Resting();
  figures.connected = session_.up();
  figures.paused = parts_.pause.Active(parts_.clock.Now());
  figures.spool_reports = parts_.spool.waiting();
  figures.spool_bytes = parts_.spool.bytes();
  figures.spool_dropped = parts_.spool.dropped();
  figures.watch_losses = parts_.watcher == nullptr ? 0 : parts_.watcher->losses();
  figures.certificate_ends = parts_.renewal.identity().not_after;
  return figures;
}

}  // namespace fettle::agent
