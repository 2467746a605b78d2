// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/agent.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "agent/link/encode_answer.h"
#include "lib/base/status_macros.h"

namespace fettle::agent {
namespace {

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

template <typename... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

// Whoever holds what a resource needs is given so long before the next try, which waits as well.
constexpr absl::Duration kBlockedRetry = absl::Minutes(1);

}  // namespace

Agent::Agent(Parts parts)
    : parts_(std::move(parts)),
      session_(parts_.self, parts_.spool, parts_.clock),
      intake_({[this](const link::Assignment& assignment, const Digest& tree) {
                 OnReady(assignment, tree);
               },
               [this](const link::Assignment& assignment, const std::string& reason) {
                 OnRefused(assignment, reason);
               }},
              parts_.revisions,
              parts_.clock),
      confirmer_(parts_.clock, [this] {
        return parts_.credentials_anew ? parts_.credentials_anew() : MakeCredentials();
      }) {}

void Agent::Start() {
  ScheduleSweep();
  TakeUpRevision();
  TakeUpPending();
  if (tree_.has_value()) {
    Want("start", false, nullptr);
  }
}

void Agent::TakeUpRevision() {
  const auto& current = parts_.revisions.current();
  if (!current.has_value()) {
    spdlog::info("no revision yet; waiting for the server to assign one");
    return;
  }
  const auto verified = parts_.revisions.Verify(*current);
  if (!verified.ok()) {
    parts_.reporter.Refuse(*current, std::string(Message(verified.status())));
    return;
  }
  tree_ = verified->revision.tree;
  spdlog::info("enforcing {}, signed by {}", current->revision, verified->signer.comment);
}

void Agent::Attach(link::Outlet* outlet, const std::string& why_none) {
  outlet_ = outlet;
  if (outlet == nullptr) {
    session_.OnDisconnected(why_none);
    DropTasks();
  }
  session_.Attach(outlet);
  intake_.Attach(outlet);
  confirmer_.Attach(outlet);
  if (outlet != nullptr) {
    outlet->Send(MakeCredentials());
  }
}

link::Credentials Agent::MakeCredentials() const {
  const HostIdentity& identity = parts_.renewal.identity();
  return {parts_.config.server, identity.private_key, identity.certificate, identity.ca};
}

Standing Agent::Now() const {
  const auto& current = parts_.revisions.current();
  return {parts_.reporter.states(),
          parts_.reporter.catalog(),
          current.has_value() ? current->revision_id : Digest(),
          parts_.reporter.packages()};
}

void Agent::OnEvent(const link::Event& event) {
  std::visit(
      Overloaded{
          [&](const link::Connected&) { session_.OnConnected(Now()); },
          [&](const link::Disconnected& lost) {
            session_.OnDisconnected(lost.reason);
            DropTasks();
          },
          [&](const link::HelloAck& ack) {
            session_.OnHelloAck(ack);
            intake_.OnConnected();
            RenewIfDue();
            EndHoldIfConnected();
          },
          [&](const link::Acknowledged& acknowledged) { session_.OnAcknowledged(acknowledged); },
          [&](const link::Assignment& assignment) { OnAssignment(assignment); },
          [&](const link::Resync& resync) {
            if (resync.packages) {
              parts_.reporter.ResyncPackages();
            } else {
              parts_.reporter.Resync();
            }
            session_.Pump();
          },
          [&](const link::RunRequest& request) {
            Want(fmt::format("requested: {}", request.reason), false, nullptr);
          },
          [&](const link::PauseOrder& order) { OnPauseOrder(order); },
          [&](const link::PlanOrder& order) { OnPlanOrder(order); },
          [&](const link::ApplyPlanOrder& order) { OnApplyPlanOrder(order); },
          [&](const link::UnknownOrder& order) {
            outlet_->Answer(link::EncodeTaskError(
                order.id, "this agent is too old to know what is asked; upgrade it"));
          },
          [&](const link::Draining&) {
            spdlog::info("the server is about to go away for a while");
          },
          [&](const link::Blob& blob) { intake_.OnBlob(blob); },
          [&](const link::FetchDone& done) { intake_.OnFetchDone(done); },
          [&](const link::Renewed& renewed) { OnRenewed(renewed); },
          [&](const link::RenewFailed& failed) {
            spdlog::warn("the certificate could not be renewed: {}; it is good until {}",
                         failed.reason,
                         Rfc3339(parts_.renewal.identity().not_after));
          },
          [&](const link::Probed& probed) { confirmer_.OnProbed(probed); }},
      event);
  AdvanceTasks();
}

void Agent::OnAssignment(const link::Assignment& assignment) {
  if (assignment.revision_id.empty()) {
    return;  // The channel points nowhere: go on with what there is.
  }
  const bool again = assigned_ == assignment && parts_.reporter.refusal().empty();
  assigned_ = assignment;
  if (parts_.revisions.current() == assignment && tree_.has_value()) {
    intake_.Drop();
    taking_for_task_ = false;
    candidate_.reset();
    parts_.reporter.Accept(assignment);
    session_.Pump();
  } else if (!again) {
    spdlog::info("assigned {} on channel {}", assignment.revision, assignment.channel);
    TakeIn(assignment);
  }
}

void Agent::OnReady(const link::Assignment& assignment, const Digest& tree) {
  if (!tasks_.empty() && tasks_.front().revision == assignment) {
    tasks_.front().tree = tree;
  }
  if (std::exchange(taking_for_task_, false)) {
    StartNext();
    return;
  }
  Job job;
  job.kind = Job::Kind::kCheck;
  job.revision = assignment;
  job.tree = tree;
  candidate_ = std::move(job);
  StartNext();
}

void Agent::Want(const std::string& reason, bool audit, RunDone done) {
  if (!waiting_.has_value()) {
    waiting_ = Waiting{reason, audit, {}};
  } else if (waiting_->reason == "sweep") {
    waiting_->reason = reason;
  }
  waiting_->audit = waiting_->audit && audit;
  if (done != nullptr) {
    waiting_->done.push_back(std::move(done));
  }
  StartNext();
}

void Agent::StartNext() {
  if (running_.has_value() || stopping_) {
    return;
  }
  if (undo_.has_value()) {
    if (parts_.clock.Monotonic() >= next_undo_) {
      StartUndo();
    }
    return;
  }
  if (candidate_.has_value()) {
    running_ = *std::exchange(candidate_, std::nullopt);
    parts_.start_job(*running_);
    return;
  }
  if (std::exchange(tell_undone_, false)) {
    running_.emplace();
    running_->kind = Job::Kind::kTellUndone;
    parts_.start_job(*running_);
    return;
  }
  if (confirmer_.waiting()) {
    return;  // What changes now could neither be told apart from it nor be left when it is undone.
  }
  if (waiting_.has_value() && tree_.has_value()) {
    StartRun(*std::exchange(waiting_, std::nullopt));
  } else if (!tasks_.empty() && !tasks_.front().tree.empty()) {
    StartTask();
  } else if (!touched_.empty() && tree_.has_value()) {
    StartTouched();
  }
}

// The owner may have taken a key off the list since the last run.
bool Agent::StillTrusted() {
  const auto verified = parts_.revisions.Verify(*parts_.revisions.current());
  if (!verified.ok()) {
    tree_.reset();
    parts_.reporter.Refuse(*parts_.revisions.current(), std::string(Message(verified.status())));
    session_.Pump();
  }
  return verified.ok();
}

void Agent::StartRun(Waiting waiting) {
  if (!StillTrusted()) {
    ScheduleSweep();
    for (const RunDone& tell : waiting.done) {
      tell(fmt::format("not done: {}", parts_.reporter.refusal()), 1);
    }
    return;
  }
  Job job;
  job.kind = Job::Kind::kRun;
  job.revision = *parts_.revisions.current();
  job.tree = *tree_;
  job.reason = waiting.reason;
  job.audit = waiting.audit || !parts_.config.enforce;
  job.paused = parts_.pause.Active(parts_.clock.Now());
  job.connected = session_.up();
  running_ = job;
  running_done_ = std::move(waiting.done);
  if (!job.audit) {
    touched_.clear();  // It looks at all.
  }
  next_sweep_ = absl::InfiniteDuration();
  parts_.start_job(std::move(job));
}

void Agent::OnFinished(Outcome outcome) {
  running_.reset();
  if (!outcome.answer.empty() && !outcome.pending.has_value()) {
    Answer(outcome);
  }
  for (const resource::RunReport& undone : outcome.undone) {
    parts_.reporter.RecordUndo(undone);
  }
  parts_.reporter.TellPackages(outcome.packages, outcome.packages_digest);
  if (outcome.job.kind == Job::Kind::kCheck) {
    OnChecked(outcome);
  } else if (outcome.job.kind == Job::Kind::kUndo) {
    OnUndone(outcome);
  } else if (outcome.job.kind == Job::Kind::kRun || !outcome.report.id.empty()) {
    OnRan(std::move(outcome));
  }
  session_.Pump();
  StartNext();
  AdvanceTasks();
}

void Agent::OnChecked(const Outcome& outcome) {
  const link::Assignment& assignment = outcome.job.revision;
  if (assigned_ != assignment) {
    return;  // Another one was assigned meanwhile; the latest wins.
  }
  if (outcome.incomplete) {
    TakeIn(assignment);
    return;
  }
  if (!outcome.refusal.empty()) {
    parts_.reporter.Refuse(assignment, outcome.refusal);
    return;
  }
  if (const absl::Status status = parts_.revisions.Adopt(assignment, outcome.job.tree);
      !status.ok()) {
    parts_.reporter.Refuse(assignment, fmt::format("cannot be kept on disk: {}", Message(status)));
    return;
  }
  tree_ = outcome.job.tree;
  parts_.reporter.Accept(assignment);
  Want("push", false, nullptr);
}

void Agent::OnRan(Outcome outcome) {
  if (outcome.job.only.empty()) {
    if (outcome.job.kind == Job::Kind::kRun) {
      next_window_ = outcome.next_window;
    }
    ScheduleSweep();
  }
  if (parts_.watcher != nullptr) {
    parts_.watcher->Complete(outcome.job.only, &outcome.report);
    if (outcome.interests != nullptr) {
      parts_.watcher->Watch(*outcome.interests);
    }
  }
  if (outcome.report.counts.blocked > 0) {
    next_sweep_ = std::min(next_sweep_, parts_.clock.Monotonic() + kBlockedRetry);
  }
  if (outcome.incomplete) {
    spdlog::warn("content of {} was damaged on disk; fetching it again",
                 outcome.job.revision.revision);
    assigned_ = assigned_.value_or(outcome.job.revision);
    TakeIn(outcome.job.revision);
  }
  if (outcome.pending.has_value()) {
    Withhold(std::move(outcome));
  } else {
    Conclude(outcome);
  }
}

void Agent::Answer(const Outcome& outcome) {
  if (outlet_ != nullptr) {
    outlet_->Answer(outcome.answer);
  }
}

void Agent::Conclude(const Outcome& outcome) {
  const auto done = std::exchange(running_done_, {});
  parts_.reporter.Record(outcome);
  const resource::RunReport& run = outcome.report;
  const std::string summary = Summarize(run);
  const int code = resource::ExitCode(run);
  if (code != 0 || (run.reason != "sweep" && run.reason != "drift")) {
    spdlog::info("run {} ({}): {}", run.id, run.reason, summary);
  }
  for (const RunDone& tell : done) {
    tell(summary, code);
  }
}

std::string Agent::Summarize(const resource::RunReport& run) {
  if (!run.error.empty()) {
    return fmt::format("not done: {}", run.error);
  }
  const resource::RunCounts& counts = run.counts;
  return fmt::format("{} {}: {} ok, {} changed, {} drifted, {} failed, {} skipped, {} unknown{}{}",
                     run.revision,
                     run.enforce ? "applied" : "looked at",
                     counts.ok,
                     counts.changed,
                     counts.drifted,
                     counts.failed,
                     counts.skipped,
                     counts.unknown,
                     counts.reverted == 0 ? "" : fmt::format(", {} reverted", counts.reverted),
                     counts.blocked == 0 ? "" : fmt::format(", {} blocked", counts.blocked));
}

void Agent::ScheduleSweep() {
  constexpr double kLeast = 0.9;
  constexpr double kSpread = 0.2;
  next_sweep_ =
      parts_.clock.Monotonic() + parts_.config.sweep * (kLeast + kSpread * parts_.random_share());
}

void Agent::Tick() {
  session_.Tick(Now());
  intake_.Tick();
  EndPauseIfDue();
  RenewIfDue();
  CheckConfirmation();
  TakeTouched();
  if (parts_.clock.Monotonic() >= next_sweep_ || parts_.clock.Now() >= next_window_) {
    next_window_ = absl::InfiniteFuture();  // The run says when the one after it begins.
    Sweep();
  }
  AdvanceTasks();
}

void Agent::Sweep() {
  ScheduleSweep();  // Again after the run, if there is one.
  // What was refused may be good now: a key was listed, a fact changed.
  if (assigned_.has_value() && !parts_.reporter.refusal().empty() && !running_.has_value()) {
    TakeIn(*assigned_);
  }
  Want("sweep", false, nullptr);
}

absl::Duration Agent::UntilTick() const {
  // Wall clocks jump: what hangs on one is looked at hourly at least.
  constexpr absl::Duration kLongest = absl::Hours(1);
  const absl::Duration monotonic = parts_.clock.Monotonic();
  absl::Duration until = std::min({kLongest,
                                   session_.NextTick() - monotonic,
                                   intake_.NextTick() - monotonic,
                                   next_sweep_ - monotonic,
                                   confirmer_.NextTick() - monotonic});
  if (undo_.has_value() && !running_.has_value()) {
    until = std::min(until, next_undo_ - monotonic);
  }
  if (parts_.watcher != nullptr) {
    until = std::min(until, parts_.watcher->NextTick() - monotonic);
  }
  if (parts_.pause.until().has_value()) {
    until = std::min(until, *parts_.pause.until() - parts_.clock.Now());
  }
  until = std::min(until, next_window_ - parts_.clock.Now());
  if (session_.up()) {
    until = std::min(until, parts_.renewal.NextTry() - parts_.clock.Now());
  }
  return std::max(until, absl::ZeroDuration());
}

void Agent::RenewIfDue() {
  const absl::Time now = parts_.clock.Now();
  if (outlet_ == nullptr || !session_.up() || !parts_.renewal.Due(now)) {
    return;
  }
  const auto request = parts_.renewal.Begin(now);
  if (!request.ok()) {
    spdlog::error("cannot renew the certificate: {}; it is good until {}",
                  Message(request.status()),
                  Rfc3339(parts_.renewal.identity().not_after));
    return;
  }
  outlet_->Renew(*request);
}

void Agent::OnRenewed(const link::Renewed& renewed) {
  if (const absl::Status status = parts_.renewal.Finish(renewed, parts_.clock.Now());
      !status.ok()) {
    spdlog::error("the new certificate is not taken: {}", Message(status));
    return;
  }
  spdlog::info("certificate renewed, good until {}", Rfc3339(parts_.renewal.identity().not_after));
  if (outlet_ != nullptr) {
    outlet_->Send(MakeCredentials());
  }
}

bool Agent::Stop() {
  stopping_ = true;
  return busy();
}

}  // namespace fettle::agent
