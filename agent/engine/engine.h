// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "agent/engine/prepared.h"
#include "agent/engine/run_options.h"
#include "agent/journal/journal.h"
#include "agent/undo/store.h"
#include "lib/base/clock.h"
#include "lib/resource/catalog.h"
#include "lib/resource/report.h"
#include "lib/sys/host.h"

namespace fettle::engine {

// The pipe: inspect → diff → apply → verify → report. Plan() and Run() are the same code up to the
// last step; what they may do is decided by the type of the host they are given.
//
// A resource whose change fails, or which differs still when it is looked at afterwards, is failed;
// those that need it are skipped; all others go on. Whoever is to be told of a change is told at
// its own place in the order, once, and not at all by a resource that failed. What is begun is
// written down before (agent/journal), so that a run that is killed loses no refresh. One thread at
// a time; the clock and the journal outlive the engine.
class Engine {
 public:
  // `journal` may be null: then nothing is remembered from one run to the next.
  // `store` may be null: then nothing can be undone, and groups are not put back when a part fails.
  Engine(TypeLookup types,
         const Clock& clock,
         journal::Journal* journal,
         undo::Store* store = nullptr)
      : types_(std::move(types)), clock_(clock), journal_(journal), store_(store) {}

  // What Run() would do. Writes nothing, neither to the host nor to the journal. Fails
  // (kInvalidArgument) on a resource type that this agent does not have.
  absl::StatusOr<resource::RunReport> Plan(const resource::Catalog& catalog,
                                           const sys::HostReader& host,
                                           const RunOptions& options);
  absl::StatusOr<resource::RunReport> Plan(const Prepared& prepared,
                                           const sys::HostReader& host,
                                           const RunOptions& options);

  // Brings the host to rest. That resources fail is in the report; an error means that the run
  // could not be done: a resource type is missing, another run did not end in time (kUnavailable),
  // or the journal cannot be used.
  absl::StatusOr<resource::RunReport> Run(const resource::Catalog& catalog,
                                          sys::Host& host,
                                          const RunOptions& options);
  absl::StatusOr<resource::RunReport> Run(const Prepared& prepared,
                                          sys::Host& host,
                                          const RunOptions& options);

  const TypeLookup& types() const { return types_; }

 private:
  const TypeLookup types_;
  const Clock& clock_;
  journal::Journal* const journal_;
  undo::Store* const store_;
};

}  // namespace fettle::engine
