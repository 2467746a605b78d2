// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/engine/foresight.h"
#include "agent/engine/prepared.h"
#include "agent/plans/stored_plan.h"
#include "lib/sys/host.h"

namespace fettle::plans {

// Lets a run do what a plan says and nothing else. A resource is refused when what was seen of it
// when the plan was made is not what is seen now (looked at immediately before the change), when it
// is not in the plan, or when it would be changed in another way. Where an earlier step of the same
// run may have changed what is seen, what was seen before the run must be as in the plan, and what
// is to be set must be in it.
class PlanGate final : public engine::ChangeGate {
 public:
  // Both outlive the gate.
  PlanGate(const StoredPlan& plan, const sys::HostReader& host) : plan_(plan), host_(host) {}

  // Compares everything that the plan saw with the host. To be called before the run begins.
  void LookBefore(const engine::Prepared& prepared, Deadline deadline);

  std::optional<std::string> Refuses(const engine::Item& item,
                                     bool touched,
                                     engine::Look* look,
                                     Deadline deadline) override;
  std::optional<std::string> RefusesRefresh(const engine::Item& item) override;

 private:
  // What differs from what the plan saw; nullopt if nothing. Renews `*look` if it is not null.
  std::optional<std::string> Changed(const engine::Item& item,
                                     const PlanStep& step,
                                     engine::Look* look,
                                     Deadline deadline) const;

  const StoredPlan& plan_;
  const sys::HostReader& host_;
  std::map<std::string, std::string> changed_before_;
};

}  // namespace fettle::plans
