// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "agent/engine/engine.h"
#include "agent/plans/stored_plan.h"
#include "lib/base/deadline.h"
#include "lib/digest/digest.h"
#include "lib/resource/catalog.h"
#include "lib/resource/report.h"
#include "lib/sys/host.h"
#include "lib/sys/package_foresight.h"

namespace fettle::plans {

struct PlanTask {
  std::string tree;      // Where the policy comes from, for people.
  std::string revision;  // "r42"; "" for a tree of whoever plans.
  Digest revision_id;    // Likewise.
  std::string folder;    // Where to keep it; "": not at all.
  bool deep = false;     // Read every file.
  Deadline deadline = Deadline::Never();
  // Called with each resource that is not simply at rest, and what would be done with it (or null).
  std::function<void(const resource::ResourceReport&, const PlanStep*)> on_resource = {};
};

struct MadePlan {
  resource::RunReport report;
  StoredPlan plan;
  bool kept = false;
  absl::Status not_kept;  // Why not, when it should have been.
};

// Plans a catalog on this host and keeps the plan, unless there is nothing to do. That it cannot be
// kept is no failure: a plan may be made by anybody. `foresight` may be null.
absl::StatusOr<MadePlan> MakePlan(const resource::Catalog& catalog,
                                  const sys::HostReader& host,
                                  sys::PackageForesight* foresight,
                                  engine::Engine& engine,
                                  const PlanTask& task);

}  // namespace fettle::plans
