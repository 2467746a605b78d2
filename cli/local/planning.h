// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "agent/engine/run_options.h"
#include "agent/journal/journal.h"
#include "agent/plans/make_plan.h"
#include "cli/terminal/output.h"
#include "lib/resource/catalog.h"
#include "lib/resource/report.h"
#include "lib/sys/host.h"

namespace fettle::cli {

// Where plans are kept below the state folder.
std::string PlansFolder(const std::string& state_dir);

struct PlanRequest {
  std::string tree;       // For people.
  std::string state_dir;  // Where to keep it.
  bool keep = true;
  bool download = false;  // Archives of packages that are not at hand may be fetched.
  bool deep = false;      // Read every file.
  bool text = true;       // Print each resource as it is planned.
  bool colour = false;
};

// Plans a catalog on this host and keeps the plan, unless there is nothing to do. That it cannot be
// kept is said on standard error and is no failure: a plan may be made by anybody.
absl::StatusOr<plans::MadePlan> MakePlan(const resource::Catalog& catalog,
                                         const sys::HostReader& host,
                                         journal::Journal* journal,
                                         const PlanRequest& request);

// Carries out a kept plan on this host; `options` without its gate.
absl::StatusOr<resource::RunReport> CarryOut(const std::string& id,
                                             const std::string& state_dir,
                                             const engine::RunOptions& options);

// Prints a kept plan; the exit code.
int ShowPlan(const std::string& id, const std::string& state_dir, const Output& output);

}  // namespace fettle::cli
