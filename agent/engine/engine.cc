// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/engine.h"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "agent/engine/inspect.h"
#include "agent/engine/leftovers.h"
#include "agent/engine/pass.h"
#include "agent/engine/records.h"
#include "agent/undo/hold.h"
#include "agent/undo/recorder.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"

namespace fettle::engine {
namespace {

using resource::RunReport;
using resource::State;

RunReport BeginReport(const Prepared& prepared, const RunOptions& options, const Clock& clock) {
  RunReport report;
  report.id = NewId();
  report.host = prepared.catalog().host;
  report.revision = options.revision;
  report.catalog = prepared.digest();
  report.reason = options.reason;
  report.partial = !options.only.empty();
  report.enforce = options.enforce && !options.paused && prepared.catalog().enforce;
  report.started = clock.Now();
  return report;
}

// The members of the group that is put back as a whole when a part fails, if `index` is in one: a
// part of it is never brought about without the others.
void AddGroup(const Prepared& prepared, std::size_t index, std::vector<std::size_t>* queue) {
  const int32_t group = prepared.items()[index].declaration->group;
  if (group < 0 ||
      !prepared.catalog().groups[static_cast<std::size_t>(group)].rollback_on_failure) {
    return;
  }
  for (std::size_t other = 0; other < prepared.items().size(); ++other) {
    if (prepared.items()[other].declaration->group == group) {
      queue->push_back(other);
    }
  }
}

// Marks `index`, whoever would be told of its change and whoever needs it, and so on: what was
// skipped because of it can come right with it.
void Want(const Prepared& prepared, std::size_t index, std::vector<Look>* looks) {
  std::vector<std::size_t> queue{index};
  std::set<int32_t> groups;
  while (!queue.empty()) {
    const std::size_t next = queue.back();
    queue.pop_back();
    if ((*looks)[next].wanted) {
      continue;
    }
    (*looks)[next].wanted = true;
    if (groups.insert(prepared.items()[next].declaration->group).second) {
      AddGroup(prepared, next, &queue);
    }
    for (const Notification& told : prepared.notifications()[next]) {
      queue.push_back(told.target);
    }
    const std::vector<std::size_t>& dependents = prepared.order().dependents[next];
    queue.insert(queue.end(), dependents.begin(), dependents.end());
  }
}

// Marks what those that are wanted need: while that is not as declared, they are skipped, as they
// are in a run over all.
void Need(const Prepared& prepared, std::vector<Look>* looks) {
  const resource::Order& order = prepared.order();
  const auto counts = [looks](std::size_t index) {
    return (*looks)[index].wanted || (*looks)[index].needed;
  };
  for (auto at = order.sequence.rbegin(); at != order.sequence.rend(); ++at) {
    const std::vector<std::size_t>& dependents = order.dependents[*at];
    (*looks)[*at].needed =
        !(*looks)[*at].wanted && std::any_of(dependents.begin(), dependents.end(), counts);
  }
}

std::vector<Look> ChooseLooks(const Prepared& prepared,
                              const RunOptions& options,
                              const journal::Knowledge& knowledge) {
  std::vector<Look> looks(prepared.items().size());
  if (options.only.empty()) {
    return looks;
  }
  for (Look& look : looks) {
    look.wanted = false;
  }
  const auto want = [&](const std::string& id) {
    if (const std::optional<std::size_t> index = prepared.Find(id)) {
      Want(prepared, *index, &looks);
    }
  };
  std::for_each(options.only.begin(), options.only.end(), want);
  for (const auto& [id, run] : knowledge.open()) {
    want(id);
  }
  for (const auto& [id, sources] : knowledge.pending()) {
    want(id);
  }
  Need(prepared, &looks);
  return looks;
}

void ForgetWhatWasSeen(const sys::HostReader& host, const RunOptions& options) {
  host.ForgetSnapshots();
  if (options.deep) {
    host.files().ForgetDigests();
  }
}

// Whether all is at rest and nothing is left over from an earlier run.
bool NothingToDo(const std::vector<Look>& looks, const journal::Knowledge& knowledge) {
  return knowledge.pending().empty() && knowledge.open().empty() &&
         std::all_of(looks.begin(), looks.end(), [](const Look& look) {
           return !look.wanted || look.at_rest();
         });
}

void FinishFast(const Prepared& prepared, const std::vector<Look>& looks, RunReport* report) {
  report->counts.ok = static_cast<int32_t>(
      std::count_if(looks.begin(), looks.end(), [](const Look& look) { return look.wanted; }));
  if (report->counts.ok == static_cast<int32_t>(looks.size())) {
    report->states = prepared.all_ok();
  }
}

void FinishSlow(const Prepared& prepared, const Pass& pass, RunReport* report) {
  std::vector<std::pair<std::string, State>> states;
  for (const auto& [index, state] : pass.States()) {
    states.emplace_back(prepared.items()[index].id, state);
  }
  if (states.size() == prepared.items().size()) {
    report->states = resource::StateDigest(std::move(states));
  }
}

// Remembers all that is at rest and not yet known so, in one record; nothing when all is known.
absl::Status RememberAtRest(const Prepared& prepared,
                            const std::vector<std::size_t>& at_rest,
                            absl::Time now,
                            journal::Journal* journal) {
  const journal::Knowledge& knowledge = journal->knowledge();
  const bool settled = knowledge.settled() == prepared.digest();
  if (settled && knowledge.open().empty() && knowledge.pending().empty() &&
      knowledge.known().size() == prepared.items().size()) {
    return absl::OkStatus();  // Of what is settled nothing else is known: all of it is.
  }
  journal::AtRest record{now, {}};
  for (const std::size_t index : at_rest) {
    const Item& item = prepared.items()[index];
    const journal::Known* known = knowledge.Find(item.id);
    if (known != nullptr && !knowledge.Unconfirmed(item.id) &&
        (settled || known->declaration == DeclarationFingerprint(item))) {
      continue;
    }
    record.entries.push_back({item.id, MakeKnown(item, {}, known)});
  }
  return record.entries.empty() ? absl::OkStatus() : journal->Add(record);
}

// After a run over a whole catalog: what it no longer declares is forgotten, and refreshes of what
// is not there any more are no longer pending. Also when the catalog is the one of the last settled
// run: a run of another one may have been killed in between.
absl::Status SettleCatalog(const Prepared& prepared, journal::Journal* journal) {
  const journal::Knowledge& knowledge = journal->knowledge();
  const bool settled = knowledge.settled() == prepared.digest();
  if (settled && knowledge.open().empty() && knowledge.pending().empty()) {
    return absl::OkStatus();
  }
  journal::Forgotten forgotten;
  for (const auto& [id, known] : knowledge.known()) {
    if (!prepared.Find(id).has_value()) {
      forgotten.ids.push_back(id);
    }
  }
  for (const auto& [id, sources] : knowledge.pending()) {
    if (!prepared.Find(id).has_value()) {
      forgotten.ids.push_back(id);
    }
  }
  for (const auto& [id, run] : knowledge.open()) {
    if (!prepared.Find(id).has_value()) {
      forgotten.ids.push_back(id);
    }
  }
  if (!forgotten.ids.empty()) {
    std::sort(forgotten.ids.begin(), forgotten.ids.end());
    RETURN_IF_ERROR(journal->Add(forgotten));
  }
  return settled ? absl::OkStatus() : journal->Add(journal::Settled{prepared.digest()});
}

absl::Status Remember(const Prepared& prepared,
                      const std::vector<std::size_t>& at_rest,
                      const RunOptions& options,
                      absl::Time now,
                      journal::Journal* journal) {
  RETURN_IF_ERROR(RememberAtRest(prepared, at_rest, now, journal));
  return options.only.empty() ? SettleCatalog(prepared, journal) : absl::OkStatus();
}

// After an undo the revision is not enforced again at once. Asked under the run lock, since it may
// have been an undo that was waited for.
std::optional<undo::Hold> HoldOver(const RunOptions& options) {
  std::optional<undo::Hold> hold =
      options.state_dir.empty() ? std::nullopt : undo::ReadHold(options.state_dir);
  return hold.has_value() && hold->revision == options.revision ? hold : std::nullopt;
}

// Those that were at rest when they were looked at last.
std::vector<std::size_t> AtRest(const std::vector<Look>& looks) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < looks.size(); ++i) {
    if (looks[i].wanted && looks[i].at_rest()) {
      indices.push_back(i);
    }
  }
  return indices;
}

std::vector<std::size_t> AtRest(const Pass& pass) {
  std::vector<std::size_t> indices;
  for (const auto& [index, state] : pass.States()) {
    if (resource::RestingState(state) == State::kOk) {
      indices.push_back(index);
    }
  }
  return indices;
}

}  // namespace

absl::StatusOr<RunReport> Engine::Plan(const resource::Catalog& catalog,
                                       const sys::HostReader& host,
                                       const RunOptions& options) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Prepared> prepared, Prepared::Make(catalog, types_));
  return Plan(*prepared, host, options);
}

absl::StatusOr<RunReport> Engine::Plan(const Prepared& prepared,
                                       const sys::HostReader& host,
                                       const RunOptions& options) {
  const absl::Duration start = clock_.Monotonic();
  const journal::Knowledge nothing;
  const journal::Knowledge& knowledge = journal_ == nullptr ? nothing : journal_->knowledge();
  RunReport report = BeginReport(prepared, options, clock_);
  std::vector<Look> looks = ChooseLooks(prepared, options, knowledge);
  ForgetWhatWasSeen(host, options);
  InspectAll(prepared, host, options.deadline, &looks);
  if (NothingToDo(looks, knowledge)) {
    FinishFast(prepared, looks, &report);
  } else {
    Pass pass({prepared, host, nullptr, knowledge, nullptr, options, clock_, report.id},
              std::move(looks));
    pass.Walk(&report);
    FinishSlow(prepared, pass, &report);
  }
  report.duration = clock_.Monotonic() - start;
  return report;
}

absl::StatusOr<RunReport> Engine::Run(const resource::Catalog& catalog,
                                      sys::Host& host,
                                      const RunOptions& options) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Prepared> prepared, Prepared::Make(catalog, types_));
  return Run(*prepared, host, options);
}

absl::StatusOr<RunReport> Engine::Run(const Prepared& prepared,
                                      sys::Host& host,
                                      const RunOptions& asked) {
  RunOptions options = asked;
  const absl::Duration start = clock_.Monotonic();
  RunReport report = BeginReport(prepared, options, clock_);
  const std::unique_ptr<journal::Journal> in_memory =
      journal_ == nullptr ? journal::Journal::InMemory() : nullptr;
  journal::Journal* journal = journal_ == nullptr ? in_memory.get() : journal_;
  RETURN_IF_ERROR(
      journal->Begin(fmt::format("{}, run {}, pid {}", options.reason, report.id, ::getpid()),
                     options.deadline,
                     options.on_wait));
  RemoveLeftovers(journal->knowledge(), host);
  options.held = HoldOver(options);
  if (options.held.has_value()) {
    options.enforce = false;
    report.enforce = false;
  }
  std::vector<Look> looks = ChooseLooks(prepared, options, journal->knowledge());
  ForgetWhatWasSeen(host, options);
  InspectAll(prepared, host, options.deadline, &looks);
  std::vector<std::size_t> at_rest;
  if (NothingToDo(looks, journal->knowledge())) {
    FinishFast(prepared, looks, &report);
    at_rest = AtRest(looks);
  } else {
    const bool keeps = store_ != nullptr && options.keep_preimages;
    std::optional<undo::Recorder> recorder;
    if (keeps) {
      recorder.emplace(
          *store_, host, undo::Began{report.id, options.reason, options.revision, report.started});
    }
    Pass pass({prepared,
               host,
               &host,
               journal->knowledge(),
               journal,
               options,
               clock_,
               report.id,
               keeps ? store_ : nullptr,
               keeps ? &*recorder : nullptr},
              std::move(looks));
    pass.Walk(&report);
    if (keeps) {
      (void)recorder->End(clock_.Now());
    }
    FinishSlow(prepared, pass, &report);
    at_rest = AtRest(pass);
  }
  absl::Status remembered = Remember(prepared, at_rest, options, report.started, journal);
  if (absl::Status ended = journal->End(); remembered.ok()) {
    remembered = std::move(ended);
  }
  if (!remembered.ok()) {
    report.error = fmt::format("what the run did is not remembered: {}", Message(remembered));
  }
  report.duration = clock_.Monotonic() - start;
  return report;
}

}  // namespace fettle::engine
