// SPDX-License-Identifier: Apache-2.0
#include "agent/plans/forecast.h"

#include <algorithm>
#include <utility>

#include "agent/engine/records.h"
#include "lib/base/status_macros.h"

namespace fettle::plans {
namespace {

using resource::Value;

constexpr std::string_view kBlob = "sha256:";

// The digests of blobs in `value`.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the value, which the recipe sandbox bounds
void FindBlobs(const Value& value, std::vector<Digest>* digests) {
  if (value.kind() == Value::Kind::kString && value.AsString().starts_with(kBlob)) {
    const auto digest = Digest::FromHex(std::string_view(value.AsString()).substr(kBlob.size()));
    if (digest.ok()) {
      digests->push_back(*digest);
    }
  } else if (value.kind() == Value::Kind::kList) {
    for (const Value& item : value.AsList()) {
      FindBlobs(item, digests);
    }
  } else if (value.kind() == Value::Kind::kMap) {
    for (const auto& [key, item] : value.AsMap()) {
      FindBlobs(item, digests);
    }
  }
}

bool BringsPackages(const engine::Item& item) {
  return item.type->apply_batch != nullptr && !item.type->batch_in_order;
}

bool Starts(const PlanStep& step) {
  return std::any_of(step.operations.begin(), step.operations.end(), [](const auto& operation) {
    return operation.what.starts_with("start ");
  });
}

absl::Status ApplyTo(sys::Host& host,
                     const engine::Item& item,
                     const engine::Look& look,
                     Deadline deadline) {
  if (item.type->apply_batch == nullptr) {
    return item.resource->Apply(look.drift, host, deadline);
  }
  const resource::BatchItem member{item.resource.get(), look.drift};
  const std::vector<absl::Status> statuses = item.type->apply_batch({&member, 1}, host, deadline);
  return statuses.empty() ? Internal("{}: the batch answered nothing", item.id) : statuses.front();
}

}  // namespace

const PlanStep* Forecast::Find(std::string_view id) const {
  const auto at = std::find_if(
      steps_.begin(), steps_.end(), [id](const PlanStep& step) { return step.id == id; });
  return at == steps_.end() ? nullptr : &*at;
}

PlanStep& Forecast::StepOf(const engine::Item& item, Deadline deadline) {
  if (!steps_.empty() && steps_.back().id == item.id) {
    return steps_.back();
  }
  PlanStep& step = steps_.emplace_back();
  step.id = item.id;
  sys::RecordingReader recorder(base_);
  (void)item.resource->Inspect(recorder, deadline);
  step.seen = recorder.Take();
  return step;
}

void Forecast::TakeOperations(const engine::Item& item, PlanStep* step) {
  for (sys::PlannedOperation& operation : planned_.world().TakeOperations()) {
    if (BringsPackages(item) && !operation.opaque) {
      packages_.push_back(operation.what);
    }
    operation.what = item.declaration->sensitive && operation.what.starts_with("run ")
                         ? "run (secret)"
                         : engine::WithoutSecrets(item, operation.what);
    step->operations.push_back(std::move(operation));
  }
}

void Forecast::Conclude(const engine::Item& item, const absl::Status& status, PlanStep* step) {
  const bool opaque = planned_.world().opaque();
  TakeOperations(item, step);
  // What a package brings is looked at while it is brought: it does not rest on that.
  const sys::Confidence rested = planned_.world().TakeConfidence();
  if (!BringsPackages(item)) {
    step->confidence = std::max(step->confidence, rested);
  }
  // The parts of a planned host that begin something to wait for end the apply so.
  if (status.ok() || absl::IsCancelled(status) || step->opaque()) {
    return;
  }
  step->confidence =
      std::max(step->confidence, opaque ? sys::Confidence::kLow : sys::Confidence::kPredicted);
  step->doubt = engine::WithoutSecrets(
      item,
      opaque ? fmt::format("cannot be foreseen, an earlier step may bring what it needs: {}",
                           Message(status))
             : fmt::format("is expected to fail: {}", Message(status)));
}

void Forecast::WouldChange(const engine::Item& item, const engine::Look& look, Deadline deadline) {
  PlanStep& step = StepOf(item, deadline);
  step.differences = engine::MakeRecords(item, look.drift, nullptr);
  for (const resource::Difference& one : look.drift) {
    step.sets.emplace_back(one.attribute, ValueDigest(one.desired));
  }
  (void)planned_.world().TakeConfidence();
  (void)item.resource->Inspect(planned_, deadline);
  step.confidence = planned_.world().TakeConfidence();
  if (item.type->schema->read_only) {
    return;
  }
  Conclude(item, ApplyTo(planned_, item, look, deadline), &step);
}

void Forecast::WouldRefresh(const engine::Item& item,
                            resource::RefreshKind kind,
                            Deadline deadline) {
  PlanStep& step = StepOf(item, deadline);
  step.refreshed = true;
  if (!Starts(step)) {  // Just started, it is not started again.
    Conclude(item, item.refreshable->Refresh(kind, planned_, deadline).status(), &step);
  }
}

StoredPlan Forecast::Make(const resource::Catalog& catalog,
                          const resource::RunReport& report,
                          std::string tree,
                          const Digest& revision) const {
  StoredPlan plan;
  plan.made = report.started;
  plan.host = catalog.host;
  plan.tree = std::move(tree);
  plan.revision = revision;
  plan.catalog = resource::EncodeCatalog(catalog);
  plan.steps = steps_;
  plan.packages = packages_;
  std::vector<Digest> digests;
  for (const resource::Declaration& declaration : catalog.resources) {
    for (const auto& [name, value] : declaration.attributes.all()) {
      FindBlobs(value, &digests);
    }
  }
  for (const Digest& digest : digests) {
    absl::StatusOr<std::string> content = base_.blobs().Blob(digest);
    if (content.ok()) {
      plan.blobs.emplace(digest, *std::move(content));
    }
  }
  plan.id = Sha256(EncodePlan(plan)).Hex();
  return plan;
}

}  // namespace fettle::plans
