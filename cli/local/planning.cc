// SPDX-License-Identifier: Apache-2.0
#include "cli/local/planning.h"

#include <cstdio>
#include <memory>
#include <utility>

#include "agent/engine/engine.h"
#include "agent/engine/report_text.h"
#include "agent/journal/disk.h"
#include "agent/plans/forecast.h"
#include "agent/plans/guarded_host.h"
#include "agent/plans/plan_gate.h"
#include "agent/plans/plan_output.h"
#include "agent/plans/plan_store.h"
#include "agent/undo/store.h"
#include "cli/terminal/output.h"
#include "lib/base/status_macros.h"
#include "lib/sys/linux_host.h"
#include "lib/sys/package_foresight.h"
#include "modules/types.h"

namespace fettle::cli {
namespace {

// The contents of files that a kept plan holds.
class PlanBlobs final : public sys::BlobReader {
 public:
  explicit PlanBlobs(const plans::StoredPlan& plan) : plan_(plan) {}

  absl::StatusOr<std::string> Blob(const Digest& digest) const override {
    const auto found = plan_.blobs.find(digest);
    if (found == plan_.blobs.end()) {
      return NotFound("the plan does not hold the content {}", digest.Hex());
    }
    return found->second;
  }

 private:
  const plans::StoredPlan& plan_;
};

}  // namespace

std::string PlansFolder(const std::string& state_dir) {
  return state_dir + "/plans";
}

absl::StatusOr<PlanResult> MakePlan(const resource::Catalog& catalog,
                                    const sys::HostReader& host,
                                    journal::Journal* journal,
                                    const PlanRequest& request) {
  if (request.download) {
    RETURN_IF_ERROR(journal::MakePrivateDirectory(request.state_dir));
  }
  const auto foresight = sys::MakeAptForesight(
      {.download = request.download, .cache_folder = request.state_dir + "/plan-archives"});
  plans::Forecast forecast(host, foresight.get());
  const SystemClock clock;
  engine::Engine engine(FindType, clock, journal);
  engine::RunOptions options;
  options.reason = "plan";
  options.deep = request.deep;
  options.observer = &forecast;
  if (request.text) {
    const engine::TextOptions text{.plan = true, .colour = request.colour};
    options.on_resource = [text, &forecast](const resource::ResourceReport& report) {
      Print(engine::ResourceText(report, text));
      if (const plans::PlanStep* step = forecast.Find(report.id); step != nullptr) {
        Print(plans::StepLines(*step));
      }
    };
  }
  PlanResult result;
  ASSIGN_OR_RETURN(result.report, engine.Plan(catalog, forecast.reader(), options));
  result.report.enforce = false;
  result.plan = forecast.Make(catalog, result.report, request.tree);
  if (!request.keep || result.plan.steps.empty()) {
    return result;
  }
  plans::PlanStore store(PlansFolder(request.state_dir));
  const absl::StatusOr<std::string> kept = store.Save(result.plan);
  result.kept = kept.ok();
  if (!kept.ok()) {
    fmt::print(stderr, "fettle plan: the plan is not kept: {}\n", Message(kept.status()));
  }
  return result;
}

absl::StatusOr<resource::RunReport> CarryOut(const std::string& id,
                                             const std::string& state_dir,
                                             engine::RunOptions options) {
  const plans::PlanStore store(PlansFolder(state_dir));
  ASSIGN_OR_RETURN(const plans::StoredPlan plan, store.Load(id));
  ASSIGN_OR_RETURN(const resource::Catalog catalog, resource::DecodeCatalog(plan.catalog));
  const PlanBlobs blobs(plan);
  sys::LinuxHostOptions host_options;
  host_options.blobs = &blobs;
  host_options.hash_cache_file = state_dir + "/hashes";
  ASSIGN_OR_RETURN(auto journal, journal::Journal::Open(state_dir));
  const std::unique_ptr<sys::Host> host = sys::MakeLinuxHost(host_options);
  const auto foresight = sys::MakeAptForesight({});
  plans::GuardedHost guarded(*host, plan, foresight.get());
  ASSIGN_OR_RETURN(const auto prepared, engine::Prepared::Make(catalog, FindType));
  plans::PlanGate gate(plan, guarded);
  gate.LookBefore(*prepared, options.deadline);
  options.gate = &gate;
  const SystemClock clock;
  ASSIGN_OR_RETURN(const std::unique_ptr<undo::Store> past, undo::Store::Open(state_dir + "/undo"));
  engine::Engine engine(FindType, clock, journal.get(), past.get());
  return engine.Run(*prepared, guarded, options);
}

}  // namespace fettle::cli
