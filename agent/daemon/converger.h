// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "agent/link/events.h"
#include "agent/undo/confirm.h"
#include "agent/watch/interests.h"
#include "lib/digest/digest.h"
#include "lib/resource/packages.h"
#include "lib/resource/report.h"

namespace fettle::agent {

// Something to do with a revision on the converge thread.
struct Job {
  enum class Kind : uint8_t {
    kCheck,  // Evaluate only: is it good?
    kRun,
    kPlan,        // For somebody who waits: what would be done; keep that.
    kApplyPlan,   // Likewise: do what a plan that is kept says.
    kTellUndone,  // Only what Outcome::undone has.
    kUndo,        // What was not confirmed.
  };

  Kind kind = Kind::kRun;
  link::Assignment revision;
  Digest tree;  // Of the revision.
  std::string reason;
  bool audit = false;             // Look and report, change nothing.
  bool paused = false;            // The same, because somebody paused this host.
  std::vector<std::string> only;  // Ids to look at; empty for all.
  std::string task;               // Who waits: the task's id. Of kPlan and kApplyPlan.
  std::string plan;               // Of kApplyPlan: its id, or the beginning of it.
  bool connected = false;         // There is a session with the server.
  undo::Pending undo;             // Of kUndo.
};

// What came of it.
struct Outcome {
  Job job;
  std::string refusal;      // What is wrong with the revision, all of it; "" when nothing is.
  bool incomplete = false;  // A blob is missing or was damaged: fetch and try again.

  // What was undone by hand and is not told yet: of kTellUndone, and of the first run.
  std::vector<resource::RunReport> undone;

  std::string answer;  // Of kPlan and kApplyPlan, as link/encode_answer.h makes it.

  // Of a run; of kApplyPlan, unless it was refused, likewise.
  resource::RunReport report;
  // All resources of the catalog with their states after the run; empty after one that could not be
  // done, and after a partial one.
  std::vector<link::SnapshotEntry> entries;
  // What changed of the installed packages since it was told last: before the run, and by it.
  std::vector<resource::PackageReport> packages;
  Digest packages_digest;  // Of those that are installed; empty: not looked at.
  std::string facts_json;  // Canonical: equal facts, equal text. "" when they were not asked for.
  // What it changed, or one before it that was killed, and what is now to be confirmed: kWaiting;
  // kApplying when that could not be brought to an end.
  std::optional<undo::Pending> pending;
  // When a window of a schedule begins next: what had to wait for it is to be looked at then.
  absl::Time next_window = absl::InfiniteFuture();
  // What is to be watched, after the first run over a catalog; null otherwise.
  std::shared_ptr<const std::vector<watch::Interests>> interests;
};

// Evaluates and runs: the slow part of the agent. Used by one thread at a time.
class Converger {
 public:
  virtual ~Converger() = default;
  virtual Outcome Converge(const Job& job) = 0;
};

}  // namespace fettle::agent
