// SPDX-License-Identifier: Apache-2.0
#include "agent/plans/make_plan.h"

#include <utility>

#include "agent/plans/forecast.h"
#include "agent/plans/plan_store.h"
#include "lib/base/status_macros.h"

namespace fettle::plans {

absl::StatusOr<MadePlan> MakePlan(const resource::Catalog& catalog,
                                  const sys::HostReader& host,
                                  sys::PackageForesight* foresight,
                                  engine::Engine& engine,
                                  const PlanTask& task) {
  Forecast forecast(host, foresight);
  engine::RunOptions options;
  options.reason = "plan";
  options.revision = task.revision;
  options.deep = task.deep;
  options.deadline = task.deadline;
  options.observer = &forecast;
  if (task.on_resource) {
    options.on_resource = [&](const resource::ResourceReport& report) {
      task.on_resource(report, forecast.Find(report.id));
    };
  }
  MadePlan made;
  ASSIGN_OR_RETURN(made.report, engine.Plan(catalog, forecast.reader(), options));
  made.report.enforce = false;
  made.plan = forecast.Make(catalog, made.report, task.tree, task.revision_id);
  if (task.folder.empty() || made.plan.steps.empty()) {
    return made;
  }
  made.not_kept = PlanStore(task.folder).Save(made.plan).status();
  made.kept = made.not_kept.ok();
  return made;
}

}  // namespace fettle::plans
