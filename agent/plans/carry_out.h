// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"

#include "agent/engine/engine.h"
#include "agent/engine/run_options.h"
#include "agent/plans/stored_plan.h"
#include "lib/resource/catalog.h"
#include "lib/resource/report.h"
#include "lib/sys/host.h"
#include "lib/sys/package_foresight.h"

namespace fettle::plans {

// What a plan is carried out with.
struct Means {
  sys::Host& host;
  sys::PackageForesight* foresight = nullptr;  // May be null.
  engine::Engine& engine;
};

// Does what `plan`, whose catalog is `catalog`, says and nothing else: see PlanGate. `options`
// without its gate. What is put back because a group failed is not narrowed by the plan.
absl::StatusOr<resource::RunReport> CarryOut(const StoredPlan& plan,
                                             const resource::Catalog& catalog,
                                             const Means& means,
                                             engine::RunOptions options);

}  // namespace fettle::plans
