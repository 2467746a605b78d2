// SPDX-License-Identifier: Apache-2.0
#include "agent/plans/carry_out.h"

#include "agent/plans/guarded_host.h"
#include "agent/plans/plan_gate.h"
#include "lib/base/status_macros.h"

namespace fettle::plans {

absl::StatusOr<resource::RunReport> CarryOut(const StoredPlan& plan,
                                             const resource::Catalog& catalog,
                                             const Means& means,
                                             engine::RunOptions options) {
  GuardedHost guarded(means.host, plan, means.foresight);
  ASSIGN_OR_RETURN(const auto prepared, engine::Prepared::Make(catalog, means.engine.types()));
  PlanGate gate(plan, guarded);
  gate.LookBefore(*prepared, options.deadline);
  options.gate = &gate;
  options.rollback_host = &means.host;
  return means.engine.Run(*prepared, guarded, options);
}

}  // namespace fettle::plans
