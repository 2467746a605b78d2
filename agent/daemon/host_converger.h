// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "agent/daemon/converger.h"
#include "agent/daemon/package_look.h"
#include "agent/engine/engine.h"
#include "agent/engine/prepared.h"
#include "agent/facts/upgrade_facts.h"
#include "agent/journal/journal.h"
#include "agent/revision/revision_store.h"
#include "agent/undo/store.h"
#include "lib/base/clock.h"
#include "lib/resource/catalog.h"
#include "lib/sys/host.h"

namespace fettle::agent {

// The pipe on this host: facts, evaluation in its sandbox, engine. What was evaluated last is kept,
// so that a run whose inputs are as before costs its looking alone. One thread.
class HostConverger final : public Converger {
 public:
  struct Parts {
    std::string name;  // This host's.
    sys::Host& host;
    const RevisionStore& revisions;
    journal::Journal* journal;
    undo::Store* store;     // Null: nothing can be undone.
    std::string state_dir;  // Where an undo holds runs back.
    const Clock& clock;
    engine::TypeLookup types;
    absl::Duration deep_sweep = absl::Hours(24);  // So often a sweep reads every file.
    PackageLook* packages = nullptr;              // Null: packages are not told.
  };

  explicit HostConverger(Parts parts);

  Outcome Converge(const Job& job) override;

 private:
  // A catalog with the code it is bound to, and of what inputs it was made.
  struct Evaluated {
    Digest inputs;
    Digest revision;
    bool announced = false;  // Its interests were handed out.
    resource::Catalog catalog;
    std::unique_ptr<engine::Prepared> prepared;
  };

  // Fills in outcome->refusal or outcome->incomplete when there is no catalog; an error when it
  // could not be tried.
  absl::Status Evaluate(const Job& job, Outcome* outcome);
  // Null: outcome->refusal or outcome->incomplete says why.
  absl::StatusOr<std::unique_ptr<Evaluated>> EvaluateAnew(const Job& job,
                                                          resource::Value::Map facts,
                                                          const Digest& inputs,
                                                          Outcome* outcome);
  // Of kPlan and kApplyPlan: the answer, in *outcome or as an error.
  absl::Status Plan(const Job& job, Outcome* outcome);
  absl::Status ApplyPlan(const Job& job, Outcome* outcome);
  void TakeUndone(Outcome* outcome);
  void Run(const Job& job, Outcome* outcome);
  void AwaitConfirmation(Outcome* outcome);
  void Undo(const Job& job, Outcome* outcome);
  Outcome Work(const Job& job);
  void LookAtPackages(const std::string& run, std::vector<resource::PackageReport>* changes) const;
  bool DeepSweepDue(const Job& job);

  std::string PlansFolder() const { return parts_.state_dir + "/plans"; }

  const Parts parts_;
  engine::Engine engine_;
  std::unique_ptr<Evaluated> evaluated_;
  facts::StaleServices stale_services_;
  absl::Duration last_deep_ = -absl::InfiniteDuration();  // Monotonic time of the last deep sweep.
};

}  // namespace fettle::agent
