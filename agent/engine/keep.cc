// SPDX-License-Identifier: Apache-2.0
//
// What a pass keeps of what was before: for undoing it later, and for groups that are put back when
// a part of them fails.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "agent/engine/pass.h"
#include "agent/undo/confirm.h"
#include "agent/undo/cut_off.h"
#include "agent/undo/thing.h"
#include "agent/undo/undo.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"

namespace fettle::engine {
namespace {

using resource::State;

constexpr char kCommand[] = "what a command did is not known";
constexpr char kNothingToPutBack[] = "it leaves nothing that could be put back";

bool Contains(const std::vector<undo::Thing>& things, const undo::Thing& thing) {
  return std::find(things.begin(), things.end(), thing) != things.end();
}

// Files, directories and links: cheap to look at early.
bool OnlyFiles(const undo::Subject& subject) {
  return !subject.things.empty() &&
         std::all_of(subject.things.begin(), subject.things.end(), [](const undo::Thing& thing) {
           return thing.kind == undo::Kind::kPath;
         });
}

}  // namespace

undo::Subject Pass::SubjectOf(const std::vector<std::size_t>& members) const {
  undo::Subject subject;
  for (const std::size_t index : members) {
    subject.resources.push_back(item(index).id);
    for (undo::Thing& thing :
         undo::ThingsOf(*item(index).declaration, context_.prepared.footprints()[index])) {
      if (!Contains(subject.things, thing)) {
        subject.things.push_back(std::move(thing));
      }
    }
  }
  return subject;
}

// Members of a batch that are changed one after the other are undone one by one; a transaction is
// one change.
std::vector<std::vector<std::size_t>> Pass::Changes(const std::vector<std::size_t>& members) const {
  if (!item(members.front()).type->batch_in_order) {
    return {members};
  }
  std::vector<std::vector<std::size_t>> changes;
  changes.reserve(members.size());
  for (const std::size_t index : members) {
    changes.push_back({index});
  }
  return changes;
}

void Pass::Announce(const journal::Intent& intent) {
  if (context_.recorder == nullptr) {
    return;
  }
  for (const journal::Intent::Entry& entry : intent.entries) {
    const undo::Subject subject = SubjectOf({*context_.prepared.Find(entry.id)});
    if (OnlyFiles(subject)) {
      (void)context_.recorder->Before(subject, context_.options.deadline);
    }
  }
}

// For a change that need not be undone, that what was before cannot be kept is no hindrance.
bool Pass::MakeReady(const std::vector<std::size_t>& members) {
  const std::size_t first = members.front();
  if (context_.recorder == nullptr || item(first).type->schema->read_only) {
    return true;
  }
  if (item(first).type->schema->opaque) {
    context_.recorder->Opaque(item(first).id, kCommand);
  }
  absl::Status status;
  for (const std::vector<std::size_t>& change : Changes(members)) {
    const undo::Subject subject = SubjectOf(change);
    if (!subject.things.empty()) {
      status.Update(context_.recorder->Ready(subject, context_.options.deadline));
    } else if (!item(first).type->schema->opaque) {
      context_.recorder->Opaque(item(change.front()).id, kNothingToPutBack);
    }
  }
  bool must = false;
  for (const std::size_t index : members) {
    must = must || RollsBack(index) || ConfirmWindow(index) > absl::ZeroDuration();
  }
  if (status.ok() || !must) {
    status = AwaitConfirmation(members);
  }
  if (status.ok()) {
    return true;
  }
  for (const std::size_t index : members) {
    Fail(index, fmt::format("not changed, because it could not be put back: {}", Message(status)));
    Withdraw(index);
  }
  return false;
}

absl::Duration Pass::ConfirmWindow(std::size_t index) const {
  if (context_.options.confirm_dir.empty() || context_.recorder == nullptr ||
      item(index).type->schema->read_only) {
    return absl::ZeroDuration();
  }
  return undo::ConfirmWindow(*item(index).declaration, context_.prepared.footprints()[index]);
}

absl::Status Pass::AwaitConfirmation(const std::vector<std::size_t>& members) {
  undo::Pending pending;
  pending.revision = context_.options.revision;
  pending.connected = context_.options.connected;
  for (const std::size_t index : members) {
    if (const absl::Duration window = ConfirmWindow(index); window > absl::ZeroDuration()) {
      pending.window = std::max(pending.window, window);
      pending.resources.insert(item(index).id);
    }
  }
  return pending.resources.empty()
             ? absl::OkStatus()
             : undo::AddPending(context_.options.confirm_dir, pending, context_.run);
}

void Pass::LookAfter(const std::vector<std::size_t>& members) {
  if (context_.recorder == nullptr || item(members.front()).type->schema->read_only) {
    return;
  }
  for (const std::vector<std::size_t>& change : Changes(members)) {
    if (const undo::Subject subject = SubjectOf(change); !subject.things.empty()) {
      context_.recorder->After(subject, context_.options.deadline);
    }
  }
}

void Pass::KeepTelling(std::size_t index,
                       resource::RefreshKind kind,
                       const std::vector<std::string>& sources) {
  if (context_.recorder == nullptr) {
    return;
  }
  if (item(index).type->schema->opaque) {
    context_.recorder->Opaque(item(index).id, kCommand);
  }
  for (const undo::Thing& thing : SubjectOf({index}).things) {
    if (thing.kind == undo::Kind::kUnit) {
      context_.recorder->Tell(thing.name, kind, sources);
    }
  }
}

const resource::Group* Pass::GroupOf(std::size_t index) const {
  const int32_t group = item(index).declaration->group;
  return group < 0 ? nullptr : &context_.prepared.catalog().groups[static_cast<std::size_t>(group)];
}

bool Pass::RollsBack(std::size_t index) const {
  const resource::Group* const group = GroupOf(index);
  return context_.store != nullptr && group != nullptr && group->rollback_on_failure;
}

void Pass::SkipGroup(std::size_t index, std::vector<std::size_t>* queue) {
  // What is merely not as declared, and not part of the run, stops who needs it and no group.
  const bool failed = Fell(index) || root_cause_[index].has_value();
  if (!RollsBack(index) || !failed) {
    return;
  }
  const int32_t group = item(index).declaration->group;
  const std::size_t cause = root_cause_[index].value_or(index);
  for (std::size_t other = 0; other < outcomes_.size(); ++other) {
    if (other != cause && item(other).declaration->group == group &&
        !root_cause_[other].has_value()) {
      root_cause_[other] = cause;
      queue->push_back(other);
    }
  }
}

void Pass::RollBackGroups() {
  if (context_.host == nullptr || context_.store == nullptr) {
    return;
  }
  std::set<int32_t> done;
  for (std::size_t index = 0; index < outcomes_.size(); ++index) {
    if (Fell(index) && RollsBack(index) && done.insert(item(index).declaration->group).second) {
      RollBack(item(index).declaration->group, index);
    }
  }
}

void Pass::RollBack(int32_t group, std::size_t failed) {
  undo::UndoOptions options;
  for (std::size_t index = 0; index < outcomes_.size(); ++index) {
    const bool touched = Fell(index) || outcomes_[index].changed;
    if (item(index).declaration->group == group && touched) {
      options.only.insert(item(index).id);
    }
  }
  options.by = NewId();
  options.reason = fmt::format(
      "group {}", context_.prepared.catalog().groups[static_cast<std::size_t>(group)].name);
  const absl::StatusOr<undo::Undone> undone = undo::Perform(
      *context_.store,
      context_.run,
      context_.options.rollback_host != nullptr ? *context_.options.rollback_host : *context_.host,
      context_.clock,
      options);
  if (!undone.ok()) {
    // Nothing of it was changed, or nothing can be read of what was.
    if (!absl::IsNotFound(undone.status())) {
      outcomes_[failed].error +=
          fmt::format("; its group could not be put back: {}", Message(undone.status()));
    }
    return;
  }
  journal::Forgotten forgotten;
  for (const undo::Undone::Outcome& one : undone->outcomes) {
    const std::size_t index = context_.prepared.Find(one.resource).value_or(failed);
    Outcome& outcome = outcomes_[index];
    if (!one.put_back) {
      outcome.state = State::kFailed;
      outcome.error += fmt::format(
          "{}could not be put back: {}", outcome.error.empty() ? "" : "; ", one.why_not);
      continue;
    }
    forgotten.ids.push_back(item(index).id);
    if (!Fell(index)) {
      outcome.state = State::kReverted;
      outcome.error = fmt::format("put back, because {} {}", item(failed).id, Trouble(failed));
    }
  }
  if (!forgotten.ids.empty()) {
    (void)context_.journal->Add(forgotten);
  }
}

}  // namespace fettle::engine
