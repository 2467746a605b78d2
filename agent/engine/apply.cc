// SPDX-License-Identifier: Apache-2.0
//
// How a pass changes what is off, and proves it.
#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "agent/engine/batch.h"
#include "agent/engine/foresight.h"
#include "agent/engine/leftovers.h"
#include "agent/engine/pass.h"
#include "agent/engine/records.h"
#include "lib/base/parallel.h"
#include "lib/base/status_macros.h"

namespace fettle::engine {
namespace {

// So many coming changes are written down with one sync.
constexpr std::size_t kIntentGroup = 256;

bool AllowsBatches(const Item& item) {
  return item.type->apply_batch != nullptr;
}

// "mode is 0600, not 0644; owner is …".
std::string StillDiffers(const std::vector<resource::DifferenceRecord>& records) {
  std::string text = "did not come to rest: after it was applied, ";
  std::string_view separator;
  for (const resource::DifferenceRecord& record : records) {
    text += separator;
    text += record.diff.empty()
                ? fmt::format("{} is {}, not {}", record.attribute, record.current, record.desired)
                : fmt::format("{} still differs", record.attribute);
    separator = "; ";
  }
  return text;
}

}  // namespace

void Pass::Apply(std::size_t position, std::size_t index) {
  std::vector<std::size_t> members{index};
  if (AllowsBatches(item(index))) {
    // `index` itself counts as finished by now; those to be told of a change count as due.
    members = ChooseBatch(context_.prepared, position, [this](std::size_t other) {
      return Due(other) || context_.knowledge.pending().contains(item(other).id);
    });
    std::erase_if(
        members, [this, index](std::size_t other) { return other != index && !JoinsBatch(other); });
  }
  if (!item(index).type->schema->read_only) {
    if (const absl::Status status = Intend(position, members); !status.ok()) {
      for (const std::size_t member : members) {
        Fail(member,
             fmt::format("not changed, because it cannot be written down: {}", Message(status)));
      }
      return;
    }
  }
  if (!MakeReady(members)) {
    return;
  }
  Bring(members);
  LookAfter(members);
}

// Whether a later member of a batch is still to be applied, at the time it is pulled forward.
bool Pass::JoinsBatch(std::size_t index) {
  if (!Due(index)) {
    return false;
  }
  Renew(index);
  const Look& look = looks_[index];
  if (!look.status.ok() || look.at_rest() || OutsideSchedule(index).has_value()) {
    return false;
  }
  // What the gate refuses is refused at its own turn, with its words.
  if (context_.options.gate != nullptr) {
    Look now = look;
    const bool refused = context_.options.gate
                             ->Refuses(item(index),
                                       own_touch_[index],
                                       &now,
                                       StepDeadline(item(index), context_.options.deadline))
                             .has_value();
    if (refused || now.at_rest()) {
      return false;
    }
  }
  outcomes_[index].finished = true;
  Explain(index);
  return true;
}

void Pass::Bring(const std::vector<std::size_t>& members) {
  std::vector<std::size_t> left = members;
  for (int32_t tried = 0; !left.empty(); ++tried) {
    const std::vector<absl::Status> statuses = Try(left);
    Verify(left, statuses);
    std::erase_if(left, [this, tried](std::size_t index) {
      return outcomes_[index].state != resource::State::kFailed || !looks_[index].status.ok() ||
             looks_[index].drift.empty() || tried >= item(index).declaration->retries ||
             context_.options.deadline.expired();
    });
  }
  for (const std::size_t index : members) {
    if (Fell(index)) {
      SkipDependents(index);
      if (!item(index).type->schema->read_only) {
        (void)context_.journal->Add(journal::Failed{{item(index).id}});
      }
    }
  }
}

std::vector<absl::Status> Pass::Try(const std::vector<std::size_t>& members) {
  std::vector<absl::Status> statuses;
  const Item& first = item(members.front());
  for (const std::size_t index : members) {
    started_before_[index] = LastRefresh(index);
    if (!first.type->schema->read_only) {
      touched_.Add(index);
    }
  }
  const Deadline deadline = StepDeadline(first, context_.options.deadline);
  if (AllowsBatches(first)) {
    std::vector<resource::BatchItem> batch;
    batch.reserve(members.size());
    for (const std::size_t index : members) {
      batch.push_back({item(index).resource.get(), looks_[index].drift});
    }
    statuses = first.type->apply_batch(batch, *context_.host, deadline);
    statuses.resize(members.size(),
                    Internal("{}: the batch answered for too few of its members", first.id));
  } else {
    statuses.push_back(
        first.resource->Apply(looks_[members.front()].drift, *context_.host, deadline));
  }
  for (const std::size_t index : members) {
    ForgetWhatItMayHaveChanged(index);
  }
  return statuses;
}

// Package scripts and steps like exec change more than their writers know of.
void Pass::ForgetWhatItMayHaveChanged(std::size_t index) {
  const bool runs_scripts = AllowsBatches(item(index)) && !item(index).type->batch_in_order;
  if (runs_scripts || item(index).type->schema->opaque) {
    context_.reader.ForgetSnapshots();
  }
}

// Looks at all of them again, at once, and writes down in one record what came to rest.
void Pass::Verify(const std::vector<std::size_t>& members,
                  const std::vector<absl::Status>& statuses) {
  std::vector<std::vector<resource::Difference>> before(members.size());
  ParallelFor(members.size(), UsefulThreads(), [&](std::size_t i) {
    before[i] = std::move(looks_[members[i]].drift);
    Inspect(item(members[i]), context_.reader, context_.options.deadline, &looks_[members[i]]);
  });
  for (std::size_t i = 0; i < members.size(); ++i) {
    touched_.Seen(members[i]);
    Judge(members[i], statuses[i], before[i]);
  }
  WriteDownAtRest();
}

void Pass::Judge(std::size_t index,
                 const absl::Status& status,
                 const std::vector<resource::Difference>& before) {
  Outcome& outcome = outcomes_[index];
  const Look& look = looks_[index];
  if (look.at_rest() && status.ok()) {
    outcome.error.clear();
    if (item(index).type->schema->read_only) {
      outcome.state = resource::State::kOk;
      return;
    }
    outcome.state = resource::State::kChanged;
    outcome.changed = true;
    AddAtRest(index, before);
    return;
  }
  outcome.state =
      absl::IsResourceExhausted(status) ? resource::State::kBlocked : resource::State::kFailed;
  if (!status.ok()) {
    outcome.error = ErrorToShow(item(index), status);
  } else if (!look.status.ok()) {
    outcome.error = fmt::format("could not be looked at after it was applied: {}",
                                ErrorToShow(item(index), look.status));
  } else {
    outcome.error =
        StillDiffers(MakeRecords(item(index), look.drift, context_.knowledge.Find(item(index).id)));
  }
}

absl::Status Pass::Intend(std::size_t position, const std::vector<std::size_t>& members) {
  journal::Intent intent{context_.run, context_.clock.Now(), {}};
  for (const std::size_t index : members) {
    AddIntent(index, &intent);
  }
  if (intent.entries.empty()) {
    return absl::OkStatus();
  }
  const std::vector<std::size_t>& sequence = context_.prepared.order().sequence;
  const std::size_t end = std::min(sequence.size(), position + kIntentGroup);
  for (std::size_t at = position + 1; at < end; ++at) {
    if (Due(sequence[at]) && !item(sequence[at]).type->schema->read_only) {
      AddIntent(sequence[at], &intent);
    }
  }
  std::sort(intent.folders.begin(), intent.folders.end());
  intent.folders.erase(std::unique(intent.folders.begin(), intent.folders.end()),
                       intent.folders.end());
  Announce(intent);
  return context_.journal->Intend(intent);
}

void Pass::AddIntent(std::size_t index, journal::Intent* intent) {
  if (intended_[index]) {
    return;
  }
  intended_[index] = true;
  journal::Intent::Entry entry{item(index).id, {}};
  for (const Notification& told : context_.prepared.notifications()[index]) {
    entry.targets.push_back({item(told.target).id, told.kind});
  }
  intent->entries.push_back(std::move(entry));
  std::vector<std::string> folders =
      FoldersOf(context_.prepared.footprints()[index], context_.reader);
  std::move(folders.begin(), folders.end(), std::back_inserter(intent->folders));
}

// What was written down as coming is not done after all.
void Pass::Withdraw(std::size_t index) {
  if (intended_[index] && context_.journal != nullptr) {
    intended_[index] = false;
    (void)context_.journal->Add(journal::Withdrawn{{item(index).id}});
  }
}

void Pass::RecordAtRest(std::size_t index, bool changed) {
  if (context_.journal == nullptr) {
    return;
  }
  if (!changed && intended_[index]) {
    Withdraw(index);
  }
  if (!changed && !context_.knowledge.Unconfirmed(item(index).id)) {
    return;  // Recorded for all together, at the end of the run.
  }
  AddAtRest(index, {});
  WriteDownAtRest();
}

void Pass::AddAtRest(std::size_t index, std::span<const resource::Difference> set) {
  const std::string& id = item(index).id;
  at_rest_.push_back({id, MakeKnown(item(index), set, context_.knowledge.Find(id))});
}

void Pass::WriteDownAtRest() {
  if (!at_rest_.empty() && context_.journal != nullptr) {
    (void)context_.journal->Add(journal::AtRest{context_.clock.Now(), std::exchange(at_rest_, {})});
  }
}

}  // namespace fettle::engine
