// SPDX-License-Identifier: Apache-2.0
#include "cli/local/planning.h"

#include <cstdio>
#include <memory>
#include <utility>

#include "agent/engine/engine.h"
#include "agent/engine/report_text.h"
#include "agent/journal/disk.h"
#include "agent/plans/carry_out.h"
#include "agent/plans/plan_output.h"
#include "agent/plans/plan_store.h"
#include "agent/undo/store.h"
#include "cli/terminal/output.h"
#include "lib/base/status_macros.h"
#include "lib/sys/linux_host.h"
#include "lib/sys/package_foresight.h"
#include "modules/types.h"

namespace fettle::cli {

std::string PlansFolder(const std::string& state_dir) {
  return state_dir + "/plans";
}

absl::StatusOr<plans::MadePlan> MakePlan(const resource::Catalog& catalog,
                                         const sys::HostReader& host,
                                         journal::Journal* journal,
                                         const PlanRequest& request) {
  if (request.download) {
    RETURN_IF_ERROR(journal::MakePrivateDirectory(request.state_dir));
  }
  const auto foresight = sys::MakeAptForesight(
      {.download = request.download, .cache_folder = request.state_dir + "/plan-archives"});
  const SystemClock clock;
  engine::Engine engine(FindType, clock, journal);
  plans::PlanTask task;
  task.tree = request.tree;
  task.deep = request.deep;
  task.folder = request.keep ? PlansFolder(request.state_dir) : "";
  if (request.text) {
    const engine::TextOptions text{.plan = true, .colour = request.colour};
    task.on_resource = [text](const resource::ResourceReport& report, const plans::PlanStep* step) {
      Print(engine::ResourceText(report, text) + (step == nullptr ? "" : plans::StepLines(*step)));
    };
  }
  ASSIGN_OR_RETURN(plans::MadePlan made,
                   plans::MakePlan(catalog, host, foresight.get(), engine, task));
  if (!made.not_kept.ok()) {
    fmt::print(stderr, "fettle plan: the plan is not kept: {}\n", Message(made.not_kept));
  }
  return made;
}

absl::StatusOr<resource::RunReport> CarryOut(const std::string& id,
                                             const std::string& state_dir,
                                             const engine::RunOptions& options) {
  const plans::PlanStore store(PlansFolder(state_dir));
  ASSIGN_OR_RETURN(const plans::StoredPlan plan, store.Load(id));
  sys::LinuxHostOptions host_options;
  host_options.hash_cache_file = state_dir + "/hashes";
  ASSIGN_OR_RETURN(auto journal, journal::Journal::Open(state_dir));
  const std::unique_ptr<sys::Host> host = sys::MakeLinuxHost(host_options);
  const auto foresight = sys::MakeAptForesight({});
  const SystemClock clock;
  ASSIGN_OR_RETURN(const std::unique_ptr<undo::Store> past, undo::Store::Open(state_dir + "/undo"));
  engine::Engine engine(FindType, clock, journal.get(), past.get());
  ASSIGN_OR_RETURN(const resource::Catalog catalog, resource::DecodeCatalog(plan.catalog));
  return plans::CarryOut(plan, catalog, {*host, foresight.get(), engine}, options);
}

}  // namespace fettle::cli
