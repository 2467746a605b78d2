// SPDX-License-Identifier: Apache-2.0
//
// How a pass tells resources of changes of what they use.
#include <algorithm>

#include <fmt/format.h>

#include "agent/engine/foresight.h"
#include "agent/engine/guards.h"
#include "agent/engine/pass.h"
#include "agent/engine/records.h"
#include "lib/base/status_macros.h"

namespace fettle::engine {
namespace {

using resource::Reaction;
using resource::RefreshKind;

std::string_view Done(RefreshKind kind) {
  return kind == RefreshKind::kRestart ? "restarted" : "reloaded";
}

std::string_view Done(Reaction reaction) {
  switch (reaction) {
    case Reaction::kNone:
      return "";
    case Reaction::kReloaded:
      return "reloaded";
    case Reaction::kRestarted:
      return "restarted";
    case Reaction::kRan:
      return "ran";
  }
  return "";
}

std::string_view Verb(RefreshKind kind) {
  return kind == RefreshKind::kRestart ? "restart" : "reload";
}

// "file:/a, file:/b and 3 more".
std::string Names(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    text += i == 0 ? "" : ", ";
    text += names[i];
  }
  return names.size() > kShown ? fmt::format("{} and {} more", text, names.size() - kShown) : text;
}

// What of the pending refreshes counts by now.
struct Certain {
  std::vector<std::string> sources;
  absl::Time changed_at = absl::InfinitePast();
  RefreshKind kind = RefreshKind::kReload;
};

Certain CertainOf(const std::vector<journal::PendingSource>& sources) {
  Certain certain;
  for (const journal::PendingSource& source : sources) {
    if (source.certain) {
      certain.sources.push_back(source.id);
      certain.changed_at = std::max(certain.changed_at, source.changed_at);
      certain.kind = std::max(certain.kind, source.kind);
    }
  }
  return certain;
}

}  // namespace

void Pass::Refresh(std::size_t index) {
  WouldRefresh(index);
  const auto pending = context_.knowledge.pending().find(item(index).id);
  if (pending == context_.knowledge.pending().end()) {
    return;
  }
  const Certain certain = CertainOf(pending->second);
  if (certain.sources.empty()) {
    return;
  }
  const std::string because = Names(certain.sources);
  Outcome& outcome = outcomes_[index];
  if (const std::optional<std::string> why_not = RefreshHeldBack(index); why_not.has_value()) {
    outcome.refreshed =
        fmt::format("{} pending because of {}{}", Verb(certain.kind), because, *why_not);
    return;
  }
  if (AlreadyRefreshed(index, certain.changed_at)) {
    (void)context_.journal->Add(journal::Refreshed{{item(index).id}});
    return;
  }
  RefreshNow(index, certain.kind, certain.sources);
}

std::optional<std::string> Pass::RefreshHeldBack(std::size_t index) {
  if (context_.host == nullptr) {
    return "";
  }
  if (!Enforced(index)) {
    return context_.options.paused ? " (the host is paused)" : " (audit only)";
  }
  if (root_cause_[index].has_value()) {
    const std::size_t cause = *root_cause_[index];
    return fmt::format(" (held: {} {})", item(cause).id, Trouble(cause));
  }
  if (Fell(index)) {
    return fmt::format(" (held: it {} itself)", Trouble(index));
  }
  if (context_.options.gate != nullptr) {
    if (const auto refused = context_.options.gate->RefusesRefresh(item(index));
        refused.has_value()) {
      return fmt::format(" (held: {})", *refused);
    }
  }
  const absl::StatusOr<std::optional<std::string>> guard =
      HeldBack(*item(index).declaration,
               context_.reader,
               StepDeadline(item(index), context_.options.deadline));
  if (!guard.ok() || guard->has_value()) {
    return fmt::format(" ({})",
                       WithoutSecrets(item(index), guard.ok() ? **guard : Message(guard.status())));
  }
  const std::optional<std::string> schedule = OutsideSchedule(index);
  return schedule.has_value() ? std::optional(fmt::format(" ({})", *schedule)) : std::nullopt;
}

absl::Time Pass::LastRefresh(std::size_t index) const {
  const resource::Refreshable* refreshable = item(index).refreshable;
  if (refreshable == nullptr) {
    return absl::InfinitePast();
  }
  const absl::StatusOr<absl::Time> last = refreshable->LastRefresh(
      context_.reader, StepDeadline(item(index), context_.options.deadline));
  return last.ok() ? *last : absl::InfinitePast();
}

bool Pass::AlreadyRefreshed(std::size_t index, absl::Time changed_at) const {
  const absl::Time last = LastRefresh(index);
  // Its own change in this run, which came after all that it would be told of, (re)started it.
  const bool just_started = outcomes_[index].changed && last > started_before_[index];
  return just_started || last > changed_at;
}

void Pass::RefreshNow(std::size_t index,
                      RefreshKind kind,
                      const std::vector<std::string>& sources) {
  Outcome& outcome = outcomes_[index];
  const std::string because = Names(sources);
  const Item& told = item(index);
  const Deadline deadline = StepDeadline(told, context_.options.deadline);
  absl::Status status;
  Reaction reaction = Reaction::kNone;
  if (!context_.prepared.notifications()[index].empty()) {
    // Whoever is told of changes of this one is told of its refresh as well.
    journal::Intent intent{context_.run, context_.clock.Now(), {}};
    intended_[index] = false;
    AddIntent(index, &intent);
    status = context_.journal->Intend(intent);
  }
  status.Update(AwaitConfirmation({index}));
  if (status.ok()) {
    touched_.Add(index);
    KeepTelling(index, kind, sources);
    const absl::StatusOr<Reaction> reacted =
        told.refreshable->Refresh(kind, *context_.host, deadline);
    status = reacted.status();
    reaction = reacted.value_or(Reaction::kNone);
    ForgetWhatItMayHaveChanged(index);
  }
  if (status.ok()) {
    Inspect(told, context_.reader, context_.options.deadline, &looks_[index]);
    touched_.Seen(index);
    status = looks_[index].status;
  }
  if (status.ok() && !looks_[index].drift.empty() && outcome.state != resource::State::kUnknown) {
    status = FailedPrecondition("it is not as declared any more: {}",
                                looks_[index].drift.front().attribute);
  }
  if (!status.ok()) {
    outcome.refreshed = fmt::format("{} pending because of {}", Verb(kind), because);
    Fail(index,
         fmt::format("{} because of {}: {}", Verb(kind), because, ErrorToShow(told, status)));
    (void)context_.journal->Add(journal::Failed{{told.id}});
    return;
  }
  if (reaction != Reaction::kNone) {
    outcome.changed = true;
    outcome.refreshed = fmt::format("{} because of {}", Done(reaction), because);
  }
  (void)context_.journal->Add(journal::Refreshed{{told.id}});
  RecordAtRest(index, reaction != Reaction::kNone);
}

// In a plan, audit or pause: what would follow from the changes that are not made.
void Pass::WouldRefresh(std::size_t index) {
  std::vector<std::string> sources;
  RefreshKind kind = RefreshKind::kReload;
  for (const resource::Relation& relation : item(index).declaration->relations) {
    const bool notifies = relation.kind == resource::RelationKind::kReload ||
                          relation.kind == resource::RelationKind::kRestart;
    if (!notifies || !outcomes_[relation.target].withheld) {
      continue;
    }
    sources.push_back(item(relation.target).id);
    kind = relation.kind == resource::RelationKind::kRestart ? RefreshKind::kRestart : kind;
  }
  if (!sources.empty() && Enforced(index) && !root_cause_[index].has_value()) {
    outcomes_[index].refreshed =
        fmt::format("would be {} because of {}", Done(kind), Names(sources));
    outcomes_[index].withheld = true;
    if (context_.host == nullptr && context_.options.observer != nullptr) {
      context_.options.observer->WouldRefresh(
          item(index), kind, StepDeadline(item(index), context_.options.deadline));
    }
  }
}

}  // namespace fettle::engine
