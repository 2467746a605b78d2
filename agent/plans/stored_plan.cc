// SPDX-License-Identifier: Apache-2.0
#include "agent/plans/stored_plan.h"

#include <algorithm>
#include <utility>

#include "lib/base/bytes.h"
#include "lib/base/status_macros.h"

namespace fettle::plans {
namespace {

using resource::DifferenceRecord;
using resource::Value;

constexpr std::string_view kForm = "fettle plan 2\n";

void Put(const DifferenceRecord& record, ByteWriter* out) {
  out->Text(record.attribute);
  out->Text(record.current);
  out->Text(record.desired);
  out->Text(record.last_set);
  out->Text(record.diff);
  out->Number(static_cast<uint64_t>(record.cause));
}

void Put(const PlanStep& step, ByteWriter* out) {
  out->Text(step.id);
  out->Number(step.differences.size());
  for (const DifferenceRecord& record : step.differences) {
    Put(record, out);
  }
  out->Number(step.operations.size());
  for (const sys::PlannedOperation& operation : step.operations) {
    out->Text(operation.what);
    out->Flag(operation.opaque);
  }
  out->Number(static_cast<uint64_t>(step.confidence));
  out->Flag(step.refreshed);
  out->Text(step.doubt);
  out->Number(step.seen.size());
  for (const sys::Observation& one : step.seen) {
    out->Text(one.question);
    out->Raw(one.answer.Raw());
  }
  out->Number(step.sets.size());
  for (const auto& [attribute, value] : step.sets) {
    out->Text(attribute);
    out->Raw(value.Raw());
  }
}

Digest GetDigest(ByteReader* in) {
  const absl::StatusOr<Digest> digest = Digest::FromRaw(in->Raw(32));
  return digest.ok() ? *digest : Digest();
}

DifferenceRecord GetDifference(ByteReader* in) {
  DifferenceRecord record;
  record.attribute = in->Text();
  record.current = in->Text();
  record.desired = in->Text();
  record.last_set = in->Text();
  record.diff = in->Text();
  record.cause = static_cast<resource::Cause>(in->Number(3));
  return record;
}

PlanStep GetStep(ByteReader* in) {
  PlanStep step;
  step.id = in->Text();
  for (std::size_t count = in->Count(6); count > 0 && !in->failed(); --count) {
    step.differences.push_back(GetDifference(in));
  }
  for (std::size_t count = in->Count(2); count > 0 && !in->failed(); --count) {
    sys::PlannedOperation operation;
    operation.what = in->Text();
    operation.opaque = in->Flag();
    step.operations.push_back(std::move(operation));
  }
  step.confidence = static_cast<sys::Confidence>(in->Number(2));
  step.refreshed = in->Flag();
  step.doubt = in->Text();
  for (std::size_t count = in->Count(33); count > 0 && !in->failed(); --count) {
    std::string question = in->Text();
    step.seen.push_back({std::move(question), GetDigest(in)});
  }
  for (std::size_t count = in->Count(33); count > 0 && !in->failed(); --count) {
    std::string attribute = in->Text();
    step.sets.emplace_back(std::move(attribute), GetDigest(in));
  }
  return step;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the value, which the recipe sandbox bounds
void PutValue(const Value& value, ByteWriter* out) {
  out->Number(static_cast<uint64_t>(value.kind()));
  switch (value.kind()) {
    case Value::Kind::kAbsent:
      return;
    case Value::Kind::kBool:
      out->Flag(value.AsBool());
      return;
    case Value::Kind::kInteger:
      out->Signed(value.AsInteger());
      return;
    case Value::Kind::kString:
    case Value::Kind::kSecret:
      out->Text(value.AsString());
      return;
    case Value::Kind::kList:
      for (const Value& item : value.AsList()) {
        PutValue(item, out);
      }
      return;
    case Value::Kind::kMap:
      for (const auto& [key, item] : value.AsMap()) {
        out->Text(key);
        PutValue(item, out);
      }
      return;
  }
}

}  // namespace

bool PlanStep::opaque() const {
  return std::any_of(
      operations.begin(), operations.end(), [](const auto& operation) { return operation.opaque; });
}

const PlanStep* StoredPlan::Find(std::string_view wanted) const {
  const auto at = std::find_if(
      steps.begin(), steps.end(), [wanted](const PlanStep& step) { return step.id == wanted; });
  return at == steps.end() ? nullptr : &*at;
}

std::size_t StoredPlan::opaque_operations() const {
  std::size_t count = 0;
  for (const PlanStep& step : steps) {
    count += static_cast<std::size_t>(
        std::count_if(step.operations.begin(), step.operations.end(), [](const auto& operation) {
          return operation.opaque;
        }));
  }
  return count;
}

std::string EncodePlan(const StoredPlan& plan) {
  ByteWriter out;
  out.Raw(kForm);
  out.Text(plan.host);
  out.Text(plan.tree);
  out.Raw(plan.revision.Raw());
  out.Text(plan.catalog);
  out.Number(plan.steps.size());
  for (const PlanStep& step : plan.steps) {
    Put(step, &out);
  }
  out.Texts(plan.packages);
  out.Number(plan.blobs.size());
  for (const auto& [digest, content] : plan.blobs) {
    out.Text(content);
  }
  return out.Take();
}

absl::StatusOr<StoredPlan> DecodePlan(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.Raw(kForm.size()) != kForm) {
    return InvalidArgument("is no plan of this version of fettle");
  }
  StoredPlan plan;
  plan.id = Sha256(bytes).Hex();
  plan.host = in.Text();
  plan.tree = in.Text();
  plan.revision = GetDigest(&in);
  plan.catalog = in.Text();
  for (std::size_t count = in.Count(8); count > 0 && !in.failed(); --count) {
    plan.steps.push_back(GetStep(&in));
  }
  plan.packages = in.Texts();
  for (std::size_t count = in.Count(1); count > 0 && !in.failed(); --count) {
    std::string content = in.Text();
    const Digest digest = Sha256(content);
    plan.blobs.emplace(digest, std::move(content));
  }
  if (in.failed() || !in.at_end()) {
    return InvalidArgument("is not whole");
  }
  return plan;
}

Digest ValueDigest(const Value& value) {
  ByteWriter out;
  PutValue(value, &out);
  return Sha256(out.bytes());
}

std::string_view ConfidenceName(sys::Confidence confidence) {
  switch (confidence) {
    case sys::Confidence::kCertain:
      return "certain";
    case sys::Confidence::kPredicted:
      return "predicted";
    case sys::Confidence::kLow:
      break;
  }
  return "low";
}

}  // namespace fettle::plans
