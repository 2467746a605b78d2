// SPDX-License-Identifier: Apache-2.0
// What somebody asks of this host through the server, and waits for.
#include <utility>

#include <spdlog/spdlog.h>

#include "agent/daemon/agent.h"
#include "agent/link/encode_answer.h"
#include "lib/base/status_macros.h"

namespace fettle::agent {
namespace {

constexpr std::size_t kMostTasks = 8;

}  // namespace

void Agent::OnPlanOrder(const link::PlanOrder& order) {
  spdlog::info("{} asks for a plan of {}", order.by, order.revision.revision);
  Job job;
  job.kind = Job::Kind::kPlan;
  job.task = order.id;
  job.revision = order.revision;
  job.reason = order.by;
  AddTask(std::move(job));
}

void Agent::OnApplyPlanOrder(const link::ApplyPlanOrder& order) {
  spdlog::info("{} asks to carry out plan {}: {}", order.by, order.plan, order.reason);
  Job job;
  job.kind = Job::Kind::kApplyPlan;
  job.task = order.id;
  job.plan = order.plan;
  job.reason = order.reason.empty() ? order.by : fmt::format("{} ({})", order.reason, order.by);
  if (!tree_.has_value()) {
    RefuseTask(job,
               "this host enforces no revision, and carries out plans of the one that it does");
  } else if (!parts_.config.enforce) {
    RefuseTask(job, "this host only looks: enforce is false in its agent.toml");
  } else {
    job.revision = *parts_.revisions.current();
    job.tree = *tree_;
    AddTask(std::move(job));
  }
}

void Agent::AddTask(Job job) {
  if (tasks_.size() >= kMostTasks) {
    RefuseTask(job, "too much is asked of this host at once; try again later");
    return;
  }
  if (running_.has_value()) {
    SayProgress(job, "waits for a run to end");
  }
  tasks_.push_back(std::move(job));
  StartNext();
}

void Agent::AdvanceTasks() {
  const bool needed = !tasks_.empty() && tasks_.front().tree.empty();
  if (!needed || taking_for_task_ || !intake_.waiting_for().empty() || !session_.up()) {
    return;
  }
  SayProgress(tasks_.front(), fmt::format("gets {}", tasks_.front().revision.revision));
  taking_for_task_ = true;
  const link::Assignment revision = tasks_.front().revision;
  intake_.Take(revision);  // May end at once, by OnReady() or OnRefused().
}

void Agent::StartTask() {
  Job job = std::move(tasks_.front());
  tasks_.pop_front();
  if (job.kind == Job::Kind::kApplyPlan) {
    // What is enforced may have changed since it was asked; then the plan is refused in its words.
    if (!tree_.has_value() || !StillTrusted()) {
      RefuseTask(job, parts_.reporter.refusal());
      return;
    }
    job.revision = *parts_.revisions.current();
    job.tree = *tree_;
  }
  SayProgress(job, job.kind == Job::Kind::kPlan ? "plans" : "carries the plan out");
  running_ = job;
  parts_.start_job(std::move(job));
}

// Who waited for them is told by the server.
void Agent::DropTasks() {
  tasks_.clear();
  if (std::exchange(taking_for_task_, false)) {
    intake_.Drop();
  }
}

void Agent::SayProgress(const Job& job, std::string_view text) {
  if (outlet_ != nullptr) {
    outlet_->Answer(link::EncodeProgress(job.task, text));
  }
}

void Agent::RefuseTask(const Job& job, std::string_view why) {
  spdlog::warn("what was asked through the server is not done: {}", why);
  if (outlet_ != nullptr) {
    outlet_->Answer(link::EncodeTaskError(job.task, why));
  }
}

void Agent::OnRefused(const link::Assignment& assignment, const std::string& reason) {
  if (!std::exchange(taking_for_task_, false)) {
    parts_.reporter.Refuse(assignment, reason);
    session_.Pump();
    return;
  }
  const std::string why = fmt::format("{} is not taken: {}", assignment.revision, reason);
  intake_.Drop();
  if (!tasks_.empty()) {
    const Job job = std::move(tasks_.front());
    tasks_.pop_front();
    RefuseTask(job, why);
  }
}

void Agent::TakeIn(const link::Assignment& assignment) {
  taking_for_task_ = false;
  intake_.Take(assignment);
}

}  // namespace fettle::agent
