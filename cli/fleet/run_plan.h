// SPDX-License-Identifier: Apache-2.0
// Inside cli/fleet only: `fettle run --plan` and `fettle run --apply-plan`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "cli/terminal/output.h"

namespace fettle::v1 {
class ApplyPlanRequest;
class Plan;
class PlanHostsRequest;
}  // namespace fettle::v1

namespace fettle::cli {

// Has hosts plan and prints what comes; the exit code. Hosts whose plans are alike are shown once.
absl::StatusOr<int> PlanHosts(const v1::PlanHostsRequest& request, const Output& output);

// Has a host carry out a plan and prints the report; the exit code.
absl::StatusOr<int> ApplyPlan(const v1::ApplyPlanRequest& request, const Output& output);

// Hosts that would have the same done to them, by name: what differs and what would be done counts,
// not the ids, which are of one host each.
std::vector<std::vector<std::string>> Alike(const std::map<std::string, v1::Plan>& plans);

}  // namespace fettle::cli
