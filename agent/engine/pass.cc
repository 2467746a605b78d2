// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/pass.h"

#include <algorithm>

#include <fmt/format.h>

#include "agent/engine/foresight.h"
#include "agent/engine/guards.h"
#include "agent/engine/records.h"
#include "lib/base/status_macros.h"
#include "lib/resource/windows.h"

namespace fettle::engine {

using resource::State;

Pass::Pass(PassContext context, std::vector<Look> looks)
    : context_(std::move(context)),
      looks_(std::move(looks)),
      outcomes_(looks_.size()),
      root_cause_(looks_.size()),
      intended_(looks_.size(), false),
      touched_(context_.prepared),
      own_touch_(looks_.size(), false),
      started_before_(looks_.size(), absl::InfinitePast()) {}

void Pass::Walk(resource::RunReport* report) {
  const std::vector<std::size_t>& sequence = context_.prepared.order().sequence;
  for (std::size_t position = 0; position < sequence.size(); ++position) {
    Visit(position);
  }
  RollBackGroups();
  for (std::size_t index = 0; index < outcomes_.size(); ++index) {
    if (!looks_[index].wanted) {
      continue;
    }
    CountState(outcomes_[index].state, &report->counts);
    if (outcomes_[index].state != State::kOk || !outcomes_[index].refreshed.empty()) {
      report->resources.push_back(ReportOf(index));
    }
  }
}

std::vector<std::pair<std::size_t, State>> Pass::States() const {
  std::vector<std::pair<std::size_t, State>> states;
  states.reserve(outcomes_.size());
  for (std::size_t index = 0; index < outcomes_.size(); ++index) {
    if (looks_[index].wanted) {
      states.emplace_back(index, outcomes_[index].state);
    }
  }
  return states;
}

void Pass::Visit(std::size_t position) {
  const std::size_t index = context_.prepared.order().sequence[position];
  if (!looks_[index].wanted) {
    Prove(index);
    return;
  }
  const absl::Duration start = context_.clock.Monotonic();
  if (!outcomes_[index].finished) {
    Settle(position, index);
  }
  if (item(index).refreshable != nullptr) {
    Refresh(index);
  } else if (context_.journal != nullptr && Enforced(index) &&
             context_.knowledge.pending().contains(item(index).id)) {
    // It was to be told before it was declared not to run.
    (void)context_.journal->Add(journal::Refreshed{{item(index).id}});
  }
  outcomes_[index].took += context_.clock.Monotonic() - start;
  Report(index);
}

void Pass::Prove(std::size_t index) {
  const Look& look = looks_[index];
  if (!look.needed || look.at_rest() || root_cause_[index].has_value() || !Enforced(index) ||
      OutsideSchedule(index).has_value()) {
    return;
  }
  const Deadline deadline = StepDeadline(item(index), context_.options.deadline);
  if (look.status.ok()) {
    const auto held_back = HeldBack(*item(index).declaration, context_.reader, deadline);
    if (held_back.ok() && held_back->has_value()) {
      return;
    }
  }
  SkipDependents(index);
}

void Pass::Settle(std::size_t position, std::size_t index) {
  Outcome& outcome = outcomes_[index];
  outcome.finished = true;
  Renew(index);
  const Look& look = looks_[index];
  if (look.at_rest()) {
    RecordAtRest(index, false);
    return;
  }
  Explain(index);
  if (root_cause_[index].has_value()) {
    outcome.state = State::kSkipped;
    Withdraw(index);
    return;
  }
  if (!look.status.ok()) {
    Fail(index, ErrorToShow(item(index), look.status));
    Withdraw(index);
    return;
  }
  if (MayApply(index)) {
    Apply(position, index);
  } else {
    Withdraw(index);
  }
}

void Pass::Renew(std::size_t index) {
  Look& look = looks_[index];
  // What could not be looked at, or only looks, may depend on anything that came before.
  const bool vague = !look.status.ok() || (item(index).type->schema->read_only && !look.at_rest());
  if (touched_.Concerns(index) || (vague && touched_.any())) {
    own_touch_[index] = true;
    Inspect(item(index), context_.reader, context_.options.deadline, &look);
    touched_.Seen(index);
  }
}

bool Pass::Enforced(std::size_t index) const {
  return context_.options.enforce && !context_.options.paused &&
         context_.prepared.catalog().enforce && item(index).declaration->enforce;
}

std::optional<std::string> Pass::OutsideSchedule(std::size_t index) const {
  const std::string& schedule = item(index).declaration->schedule;
  if (schedule.empty() || !context_.options.schedule_zone.has_value()) {
    return std::nullopt;
  }
  const auto windows = resource::Windows::Parse(schedule);
  if (!windows.ok()) {  // Of a catalog that was not made by our evaluation.
    return fmt::format("left alone: its schedule: {}", Message(windows.status()));
  }
  if (windows->Contain(context_.clock.Now(), *context_.options.schedule_zone)) {
    return std::nullopt;
  }
  return fmt::format("left alone until its schedule: {}", schedule);
}

bool Pass::MayApply(std::size_t index) {
  Outcome& outcome = outcomes_[index];
  absl::StatusOr<std::optional<std::string>> held_back =
      HeldBack(*item(index).declaration,
               context_.reader,
               StepDeadline(item(index), context_.options.deadline));
  if (!held_back.ok() && context_.host != nullptr) {
    Fail(index, WithoutSecrets(item(index), Message(held_back.status())));
    return false;
  }
  // A plan cannot know: what the guard runs may be brought by an earlier step.
  std::optional<std::string> why_not =
      held_back.ok() ? *std::move(held_back)
                     : fmt::format("left alone: {}", Message(held_back.status()));
  if (why_not.has_value()) {
    outcome.state = State::kUnknown;
    outcome.error = WithoutSecrets(item(index), *why_not);
    return false;
  }
  const std::optional<std::string> later = Enforced(index) && !item(index).type->schema->read_only
                                               ? OutsideSchedule(index)
                                               : std::nullopt;
  if (later.has_value()) {
    outcome.state = State::kDrifted;
    outcome.error = *later;
    return false;
  }
  if (Enforced(index) && context_.host != nullptr) {
    return PassesGate(index);
  }
  outcome.state = State::kDrifted;
  outcome.withheld = Enforced(index);
  if (outcome.withheld && context_.host == nullptr && context_.options.observer != nullptr) {
    context_.options.observer->WouldChange(
        item(index), looks_[index], StepDeadline(item(index), context_.options.deadline));
    touched_.Add(index);
  }
  outcome.error = context_.options.paused ? "left alone: the host is paused" : "";
  const std::optional<undo::Hold>& held = context_.options.held;
  if (held.has_value() && held->resources.contains(item(index).id)) {
    outcome.state = State::kReverted;
    outcome.error = fmt::format(
        "put back ({}; run {}), and left so until another revision or `fettle-agent resume`",
        held->reason,
        held->run);
  }
  return false;
}

bool Pass::PassesGate(std::size_t index) {
  if (context_.options.gate == nullptr || item(index).type->schema->read_only) {
    return true;
  }
  Look& look = looks_[index];
  const std::optional<std::string> refused = context_.options.gate->Refuses(
      item(index), own_touch_[index], &look, StepDeadline(item(index), context_.options.deadline));
  if (refused.has_value()) {
    Fail(index, WithoutSecrets(item(index), *refused));
    return false;
  }
  return !look.at_rest();  // Somebody else has put it right just now: as declared.
}

bool Pass::Due(std::size_t index) const {
  if (!looks_[index].wanted || outcomes_[index].finished) {
    return false;
  }
  return !looks_[index].at_rest() && Enforced(index) && !root_cause_[index].has_value();
}

void Pass::Explain(std::size_t index) {
  outcomes_[index].records =
      MakeRecords(item(index), looks_[index].drift, context_.knowledge.Find(item(index).id));
}

void Pass::Fail(std::size_t index, std::string error) {
  outcomes_[index].state = State::kFailed;
  outcomes_[index].error = std::move(error);
  SkipDependents(index);
}

bool Pass::Fell(std::size_t index) const {
  return outcomes_[index].state == State::kFailed || outcomes_[index].state == State::kBlocked;
}

std::string_view Pass::Trouble(std::size_t index) const {
  if (outcomes_[index].state == State::kBlocked) {
    return "is blocked";
  }
  return outcomes_[index].state == State::kFailed ? "failed" : "is not as declared";
}

// Each is marked once, by the first failure that reaches it, so that all failures of a run together
// cost one walk.
void Pass::SkipDependents(std::size_t index) {
  std::vector<std::size_t> queue{index};
  while (!queue.empty()) {
    const std::size_t next = queue.back();
    queue.pop_back();
    SkipGroup(next, &queue);
    for (const std::size_t dependent : context_.prepared.order().dependents[next]) {
      if (!root_cause_[dependent].has_value()) {
        root_cause_[dependent] = index;
        queue.push_back(dependent);
      }
    }
  }
}

resource::ResourceReport Pass::ReportOf(std::size_t index) const {
  const Outcome& outcome = outcomes_[index];
  resource::ResourceReport report;
  report.id = item(index).id;
  report.state = outcome.state;
  report.differences = outcome.records;
  report.cause = GravestCause(report.differences);
  report.error = outcome.error;
  if (outcome.state == State::kSkipped && root_cause_[index].has_value()) {
    report.root_cause = item(*root_cause_[index]).id;
    report.error = fmt::format("skipped: {} {}", report.root_cause, Trouble(*root_cause_[index]));
  }
  report.refreshed = outcome.refreshed;
  report.position = item(index).declaration->position.Display();
  report.controls = item(index).declaration->controls;
  report.duration = outcome.took;
  return report;
}

void Pass::Report(std::size_t index) {
  const Outcome& outcome = outcomes_[index];
  if (context_.options.on_resource && (outcome.state != State::kOk || !outcome.refreshed.empty())) {
    context_.options.on_resource(ReportOf(index));
  }
}

void CountState(State state, resource::RunCounts* counts) {
  switch (state) {
    case State::kOk:
      ++counts->ok;
      return;
    case State::kUnknown:
      ++counts->unknown;
      return;
    case State::kSkipped:
      ++counts->skipped;
      return;
    case State::kChanged:
      ++counts->changed;
      return;
    case State::kDrifted:
      ++counts->drifted;
      return;
    case State::kFailed:
      ++counts->failed;
      return;
    case State::kReverted:
      ++counts->reverted;
      return;
    case State::kBlocked:
      ++counts->blocked;
      return;
  }
}

}  // namespace fettle::engine
