// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/engine/foresight.h"
#include "agent/plans/stored_plan.h"
#include "lib/resource/catalog.h"
#include "lib/resource/report.h"
#include "lib/sys/host.h"
#include "lib/sys/package_foresight.h"
#include "lib/sys/planned_host.h"

namespace fettle::plans {

// Finds out what a run would do by having each resource that is off applied to a host in memory
// that is laid over the real one. Give reader() and itself to Engine::Plan(), then make the plan of
// what it saw. One plan a forecast; one thread.
class Forecast final : public engine::PlanObserver {
 public:
  // `foresight` may be null: then packages bring nothing but themselves. Both outlive the forecast.
  Forecast(const sys::HostReader& host, sys::PackageForesight* foresight)
      : base_(host), planned_(host, foresight) {}

  // The host as it would be.
  const sys::HostReader& reader() const { return planned_; }

  void WouldChange(const engine::Item& item, const engine::Look& look, Deadline deadline) override;
  void WouldRefresh(const engine::Item& item,
                    resource::RefreshKind kind,
                    Deadline deadline) override;

  // Null when nothing would be done with it.
  const PlanStep* Find(std::string_view id) const;

  // The plan, to be kept.
  StoredPlan Make(const resource::Catalog& catalog,
                  const resource::RunReport& report,
                  std::string tree,
                  const Digest& revision = {}) const;

 private:
  PlanStep& StepOf(const engine::Item& item, Deadline deadline);
  void TakeOperations(const engine::Item& item, PlanStep* step);
  void Conclude(const engine::Item& item, const absl::Status& status, PlanStep* step);

  const sys::HostReader& base_;
  sys::PlannedHost planned_;
  std::vector<PlanStep> steps_;
  std::vector<std::string> packages_;
};

}  // namespace fettle::plans
