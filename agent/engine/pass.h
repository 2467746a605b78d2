// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "agent/engine/inspect.h"
#include "agent/engine/prepared.h"
#include "agent/engine/run_options.h"
#include "agent/engine/touched.h"
#include "agent/journal/journal.h"
#include "agent/undo/recorder.h"
#include "lib/base/clock.h"
#include "lib/resource/report.h"
#include "lib/sys/host.h"

namespace fettle::engine {

// Everything that a pass works with.
struct PassContext {
  const Prepared& prepared;
  const sys::HostReader& reader;
  sys::Host* host = nullptr;  // Null in a plan: there is nothing to write with.
  const journal::Knowledge& knowledge;
  journal::Journal* journal = nullptr;  // Null in a plan.
  const RunOptions& options;
  const Clock& clock;
  std::string run;                     // Its id.
  undo::Store* store = nullptr;        // Null: nothing is kept for undoing.
  undo::Recorder* recorder = nullptr;  // Of this run; null with the store.
};

// What a pass found and did with one resource.
struct Outcome {
  resource::State state = resource::State::kOk;
  bool finished = false;  // Its own state is settled; it may still be told of changes.
  bool changed = false;   // This run changed it, or told it of a change.
  bool withheld = false;  // Off, would be changed but for plan, audit or pause.
  std::vector<resource::DifferenceRecord> records;  // What was off, as it may be shown.
  std::string error;
  std::string refreshed;
  absl::Duration took;
};

void CountState(resource::State state, resource::RunCounts* counts);

// One walk through the resources in their order, after all were looked at: looks again where
// something changed, applies, verifies, tells. One file a verb: pass.cc the walk, apply.cc the
// changes, refresh.cc the telling.
class Pass {
 public:
  Pass(PassContext context, std::vector<Look> looks);

  // The state of each that was looked at, by index.
  std::vector<std::pair<std::size_t, resource::State>> States() const;

  // Does it, and fills in the resources and counts of `report`.
  void Walk(resource::RunReport* report);

 private:
  void Visit(std::size_t position);
  // One that is no part of this run: skips those that need it unless it is as declared.
  void Prove(std::size_t index);
  void Settle(std::size_t position, std::size_t index);
  // Looks again if something could have changed what was seen.
  void Renew(std::size_t index);
  // Whether the gate, if there is one, lets it be changed now; if not, its outcome says why.
  bool PassesGate(std::size_t index);
  // Whether this run may change it; if not, its outcome says why.
  bool MayApply(std::size_t index);
  bool Enforced(std::size_t index) const;
  std::optional<std::string> OutsideSchedule(std::size_t index) const;
  bool Due(std::size_t index) const;
  // Makes the records of what is off, while the journal still knows the state before.
  void Explain(std::size_t index);
  void Fail(std::size_t index, std::string error);
  // Whether it could not be brought about: it failed or is blocked.
  bool Fell(std::size_t index) const;
  // "failed", "is blocked", or "is not as declared": why others wait for it.
  std::string_view Trouble(std::size_t index) const;
  void SkipDependents(std::size_t index);
  resource::ResourceReport ReportOf(std::size_t index) const;
  void Report(std::size_t index);

  // apply.cc
  void Apply(std::size_t position, std::size_t index);
  bool JoinsBatch(std::size_t index);
  std::vector<absl::Status> Try(const std::vector<std::size_t>& members);
  void Verify(const std::vector<std::size_t>& members, const std::vector<absl::Status>& statuses);
  // What came of the change of one, that has been looked at again.
  void Judge(std::size_t index,
             const absl::Status& status,
             const std::vector<resource::Difference>& before);
  // Applies until all are at rest or out of tries.
  void Bring(const std::vector<std::size_t>& members);
  // Writes down what is about to be changed, `index` and what follows it, before it is.
  absl::Status Intend(std::size_t position, const std::vector<std::size_t>& members);
  void AddIntent(std::size_t index, journal::Intent* intent);
  void Withdraw(std::size_t index);
  void RecordAtRest(std::size_t index, bool changed);
  // `set`: what the change has set.
  void AddAtRest(std::size_t index, std::span<const resource::Difference> set);
  void WriteDownAtRest();
  void ForgetWhatItMayHaveChanged(std::size_t index);

  // keep.cc
  undo::Subject SubjectOf(const std::vector<std::size_t>& members) const;
  std::vector<std::vector<std::size_t>> Changes(const std::vector<std::size_t>& members) const;
  // Looks at files that will be changed, many before one sync.
  void Announce(const journal::Intent& intent);
  // What was before is on disk. False, and they are failed, when it must be and could not be.
  bool MakeReady(const std::vector<std::size_t>& members);
  void LookAfter(const std::vector<std::size_t>& members);
  void KeepTelling(std::size_t index,
                   resource::RefreshKind kind,
                   const std::vector<std::string>& sources);
  // How long the agent has to reach its server after a change of it; zero: it need not.
  absl::Duration ConfirmWindow(std::size_t index) const;
  // That it waits for the server is on disk. An error: it may not be changed.
  absl::Status AwaitConfirmation(const std::vector<std::size_t>& members);
  const resource::Group* GroupOf(std::size_t index) const;
  bool RollsBack(std::size_t index) const;
  // Of a group that is put back as a whole: those that are not done are skipped.
  void SkipGroup(std::size_t index, std::vector<std::size_t>* queue);
  void RollBackGroups();
  void RollBack(int32_t group, std::size_t failed);

  // refresh.cc
  void Refresh(std::size_t index);
  void RefreshNow(std::size_t index,
                  resource::RefreshKind kind,
                  const std::vector<std::string>& sources);
  // Whether it started by itself after what it would be told of.
  bool AlreadyRefreshed(std::size_t index, absl::Time changed_at) const;
  absl::Time LastRefresh(std::size_t index) const;
  void WouldRefresh(std::size_t index);
  // Why it is not told now, although something it uses changed; nullopt when it is.
  std::optional<std::string> RefreshHeldBack(std::size_t index);

  const Item& item(std::size_t index) const { return context_.prepared.items()[index]; }

  PassContext context_;
  std::vector<Look> looks_;
  std::vector<Outcome> outcomes_;
  std::vector<std::optional<std::size_t>> root_cause_;  // Who failed, for those that need it.
  std::vector<bool> intended_;
  Touched touched_;
  std::vector<bool> own_touch_;  // Changes of this run may have changed what was seen of it.
  // When each that is told of changes had last started, before this run applied it.
  std::vector<absl::Time> started_before_;
  std::vector<journal::AtRest::Entry> at_rest_;  // To be written down in one record.
};

}  // namespace fettle::engine
