// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/plans/stored_plan.h"

namespace fettle::plans {

// As much of an id as people need.
std::string ShortId(const std::string& id);

// The operations of one step, indented, a line each; what is opaque or predicted is marked.
std::string StepLines(const PlanStep& step);

// "Opaque steps, whose effect cannot be foreseen: 2 (…)."; "" when there are none.
std::string OpaqueLine(const StoredPlan& plan);

// All of a plan, for `fettle plan --show`.
std::string PlanText(const StoredPlan& plan);

// A plan as a JSON object; its catalog and contents are left out.
std::string PlanJson(const StoredPlan& plan);

// A list of plans, one line each, and as a JSON array.
std::string PlansText(const std::vector<StoredPlan>& plans);
std::string PlansJson(const std::vector<StoredPlan>& plans);

// A run report in JSON with the plan in its field "plan": what differs stands in the report itself,
// what was seen in PlanJson() alone.
std::string WithPlan(const std::string& report_json, const StoredPlan& plan);

}  // namespace fettle::plans
