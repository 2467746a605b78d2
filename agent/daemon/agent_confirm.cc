// SPDX-License-Identifier: Apache-2.0
// What the agent does with changes that stand only once they are confirmed.
#include <utility>

#include <spdlog/spdlog.h>

#include "agent/daemon/agent.h"
#include "agent/link/encode_answer.h"
#include "agent/undo/hold.h"
#include "lib/base/status_macros.h"

namespace fettle::agent {
namespace {

using undo::Pending;

constexpr absl::Duration kUndoAgain = absl::Seconds(10);

std::string Names(const Pending& pending) {
  constexpr std::size_t kShown = 3;
  std::string text;
  std::size_t shown = 0;
  for (const std::string& resource : pending.resources) {
    if (++shown > kShown) {
      return fmt::format("{} and {} more", text, pending.resources.size() - kShown);
    }
    text += (text.empty() ? "" : ", ") + resource;
  }
  return text;
}

}  // namespace

// Before anything else is changed.
void Agent::TakeUpPending() {
  std::optional<Pending> pending = undo::ReadPending(parts_.config.state_dir);
  if (!pending.has_value()) {
    return;
  }
  switch (pending->phase) {
    case Pending::Phase::kApplying:
      if (!tree_.has_value()) {
        BeginUndo(*std::move(pending),
                  "its run was interrupted, and there is no revision to end it with");
      }
      return;  // Otherwise the first run goes on with it.
    case Pending::Phase::kWaiting:
      AwaitConfirmation(*std::move(pending));
      return;
    case Pending::Phase::kUndoing:
      undo_ = std::move(pending);
      StartNext();
      return;
  }
}

void Agent::AwaitConfirmation(Pending pending) {
  spdlog::info("{} may cut this host off: waiting {} for a new connection to the server",
               Names(pending),
               absl::FormatDuration(pending.window));
  confirmer_.Begin(std::move(pending));
}

// Nothing is said of the run before it is known whether it stands.
void Agent::Withhold(Outcome outcome) {
  Pending pending = *outcome.pending;
  const std::string error = outcome.report.error;
  withheld_ = std::move(outcome);
  if (pending.phase == Pending::Phase::kWaiting) {
    AwaitConfirmation(std::move(pending));
    return;
  }
  BeginUndo(std::move(pending),
            error.empty() ? "its run was interrupted, and this host only looks now"
                          : fmt::format("its run could not be brought to an end: {}", error));
}

void Agent::CheckConfirmation() {
  confirmer_.Tick();
  switch (confirmer_.Judge()) {
    case Confirmer::Verdict::kNone:
      break;
    case Confirmer::Verdict::kConfirmed:
      OnConfirmed();
      return;
    case Confirmer::Verdict::kTooLate: {
      const std::string why = confirmer_.WhyNot();
      BeginUndo(confirmer_.End(), why);
      return;
    }
  }
  if (undo_.has_value()) {
    StartNext();
  }
}

void Agent::OnConfirmed() {
  const Pending pending = confirmer_.End();
  spdlog::info("confirmed by a new connection to the server: {}", Names(pending));
  if (withheld_.has_value()) {
    const Outcome outcome = *std::exchange(withheld_, std::nullopt);
    if (!outcome.answer.empty()) {
      Answer(outcome);
    }
    Conclude(outcome);
  } else {
    parts_.reporter.Tell(pending.report);
  }
  DropPending();
  session_.Pump();
  StartNext();
}

// Once the server's report is in the spool: a kill in between says it twice, and it is one run.
void Agent::DropPending() {
  if (const absl::Status status = undo::DropPending(parts_.config.state_dir); !status.ok()) {
    spdlog::error("{}", Message(status));
  }
}

void Agent::BeginUndo(Pending pending, const std::string& why) {
  pending.phase = Pending::Phase::kUndoing;
  pending.why_not = why;
  spdlog::error("not confirmed: {}; undoing what changed with {}", why, Names(pending));
  if (const absl::Status status = undo::WritePending(parts_.config.state_dir, pending);
      !status.ok()) {
    spdlog::error("{}", Message(status));
  }
  undo_ = std::move(pending);
  next_undo_ = parts_.clock.Monotonic();
  StartNext();
}

void Agent::StartUndo() {
  Job job;
  job.kind = Job::Kind::kUndo;
  job.revision = parts_.revisions.current().value_or(link::Assignment());
  job.reason = "not confirmed";
  job.undo = *undo_;
  running_ = job;
  parts_.start_job(std::move(job));
}

void Agent::OnUndone(const Outcome& outcome) {
  if (!outcome.report.error.empty()) {
    next_undo_ = parts_.clock.Monotonic() + kUndoAgain;
    spdlog::error("cannot undo what was not confirmed: {}; trying again in {}",
                  outcome.report.error,
                  absl::FormatDuration(kUndoAgain));
    return;
  }
  undo_.reset();
  resource::RunReport told = outcome.report;
  told.enforce = false;  // It says nothing of which revision is enforced.
  parts_.reporter.Tell(told);
  DropPending();
  const std::string summary = fmt::format("not confirmed: {}", Summarize(outcome.report));
  if (withheld_.has_value() && !withheld_->job.task.empty()) {
    withheld_->answer = link::EncodeTaskError(withheld_->job.task, summary);
    Answer(*withheld_);
  }
  withheld_.reset();
  spdlog::warn("run {}: {}", outcome.report.id, summary);
  for (const RunDone& tell : std::exchange(running_done_, {})) {
    tell(summary, resource::ExitCode(outcome.report));
  }
  if (tree_.has_value()) {
    Want("not confirmed", false, nullptr);  // Held back by now: says how all resources are.
  }
  if (session_.up()) {
    EndHoldIfConnected();
  }
}

void Agent::EndHoldIfConnected() {
  const auto hold = undo::ReadHold(parts_.config.state_dir);
  if (!hold.has_value() || !hold->until_connected || confirmer_.waiting() || undo_.has_value()) {
    return;
  }
  if (const absl::Status status = undo::DropHold(parts_.config.state_dir); !status.ok()) {
    spdlog::error("{}", Message(status));
    return;
  }
  spdlog::info("the server is there: what was not confirmed without it is tried again");
  if (tree_.has_value()) {
    Want("connected", false, nullptr);
  }
}

std::string Agent::DescribeConfirmation() const {
  if (undo_.has_value()) {
    return fmt::format("confirm    not confirmed: {}; being undone\n", undo_->why_not);
  }
  return confirmer_.waiting() ? fmt::format("confirm    {}\n", confirmer_.Describe()) : "";
}

}  // namespace fettle::agent
