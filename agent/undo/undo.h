// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "agent/undo/store.h"
#include "lib/base/clock.h"
#include "lib/base/deadline.h"
#include "lib/sys/host.h"

namespace fettle::undo {

enum class Verdict : uint8_t {
  kPutBack,       // Is as the run left it: can be put back.
  kAlready,       // Is as it was before the run.
  kChangedSince,  // Is neither: somebody else changed it, and it is left alone.
  kCannot,        // Was not kept, or is not to be had any more.
};

// "put back", "already", "changed since", "cannot".
std::string_view VerdictName(Verdict verdict);

// What undoing means for one change of a run.
struct Step {
  std::size_t change = 0;  // In RunRecord::changes.
  std::vector<std::string> resources;
  Verdict verdict = Verdict::kPutBack;
  std::string why;                 // Not, or with what doubt.
  std::vector<std::string> parts;  // What is put back, for people.
};

struct Plan {
  RunRecord run;
  std::vector<Step> steps;  // In the order in which they are undone: the last change first.
  int covered = 0;          // How many resources are (or will be) as before …
  int total = 0;            // … of how many that the run changed.

  // "undo covers 14 of 15 changes; not: exec:migrate (…)".
  std::string Coverage() const;
};

// What undoing `run` would do now. Only looks. `only`: resources to undo, empty for all.
absl::StatusOr<Plan> MakePlan(const Store& store,
                              const std::string& run,
                              const std::set<std::string>& only,
                              const sys::HostReader& host,
                              Deadline deadline);

struct UndoOptions {
  std::set<std::string> only = {};  // Resources; empty for all.
  std::string by;                   // The id of the run that undoes.
  std::string reason;
  Deadline deadline = Deadline::Never();
  // Units that later runs told of changes of this one, which was interrupted before it could.
  std::vector<Told> told_later = {};
};

// Puts back what `run` changed, the last change first, then tells the units anew that the run had
// told. What somebody else has changed since is left alone and said; everything else goes on.
// Writes down what came of it. Can be repeated after a kill: what is as before already is only
// counted. The caller holds the run lock.
absl::StatusOr<Undone> Perform(Store& store,
                               const std::string& run,
                               sys::Host& host,
                               const Clock& clock,
                               const UndoOptions& options);

}  // namespace fettle::undo
