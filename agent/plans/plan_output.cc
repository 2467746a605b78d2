// SPDX-License-Identifier: Apache-2.0
#include "agent/plans/plan_output.h"

#include <utility>

#include "absl/strings/str_replace.h"
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lib/base/clock.h"

namespace fettle::plans {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kShown = 12;

std::string Dump(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json StepJson(const PlanStep& step) {
  ordered_json operations = ordered_json::array();
  for (const sys::PlannedOperation& operation : step.operations) {
    operations.push_back({{"what", operation.what}, {"opaque", operation.opaque}});
  }
  return {{"id", step.id},
          {"operations", operations},
          {"opaque", step.opaque()},
          {"confidence", ConfidenceName(step.confidence)},
          {"predicted", step.confidence != sys::Confidence::kCertain},
          {"refreshed", step.refreshed},
          {"doubt", step.doubt}};
}

// What was seen, and what differs from it.
void AddFindings(const PlanStep& step, ordered_json* json) {
  ordered_json differences = ordered_json::array();
  for (const resource::DifferenceRecord& record : step.differences) {
    differences.push_back({{"attribute", record.attribute},
                           {"current", record.current},
                           {"desired", record.desired},
                           {"diff", record.diff}});
  }
  ordered_json seen = ordered_json::array();
  for (const sys::Observation& one : step.seen) {
    seen.push_back({{"question", one.question}, {"answer", one.answer.Hex()}});
  }
  (*json)["differences"] = std::move(differences);
  (*json)["fingerprint"] = std::move(seen);
}

ordered_json SummaryJson(const StoredPlan& plan) {
  return {{"id", plan.id},
          {"made", Rfc3339(plan.made)},
          {"host", plan.host},
          {"tree", plan.tree},
          {"opaque", plan.opaque_operations()},
          {"resources", plan.steps.size()}};
}

ordered_json JsonOf(const StoredPlan& plan, bool with_findings) {
  ordered_json json = SummaryJson(plan);
  json["packages"] = plan.packages;
  ordered_json steps = ordered_json::array();
  for (const PlanStep& step : plan.steps) {
    steps.push_back(StepJson(step));
    if (with_findings) {
      AddFindings(step, &steps.back());
    }
  }
  json["steps"] = std::move(steps);
  return json;
}

// Without characters that could steer a terminal.
std::string Visible(const std::string& text) {
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    shown += byte < 0x20 || byte == 0x7F ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  return shown;
}

}  // namespace

std::string ShortId(const std::string& id) {
  return id.substr(0, kShown);
}

std::string StepLines(const PlanStep& step) {
  std::string text;
  if (step.confidence == sys::Confidence::kPredicted) {
    text += "    predicted: rests on what earlier steps will bring\n";
  } else if (step.confidence == sys::Confidence::kLow) {
    text += "    predicted, low confidence: rests on what cannot be known before\n";
  }
  for (const sys::PlannedOperation& operation : step.operations) {
    text +=
        fmt::format("    {} {}\n", operation.opaque ? "* opaque:" : "*", Visible(operation.what));
  }
  return text + (step.doubt.empty() ? "" : fmt::format("    ! {}\n", Visible(step.doubt)));
}

std::string OpaqueLine(const StoredPlan& plan) {
  std::string names;
  for (const PlanStep& step : plan.steps) {
    if (step.opaque()) {
      names += names.empty() ? step.id : ", " + step.id;
    }
  }
  return names.empty() ? ""
                       : fmt::format("Opaque steps, whose effect cannot be foreseen: {} (in {}).\n",
                                     plan.opaque_operations(),
                                     names);
}

std::string PlanText(const StoredPlan& plan) {
  std::string text = fmt::format(
      "Plan {} of {}, made {} from {}\n", plan.id, plan.host, Rfc3339(plan.made), plan.tree);
  for (const PlanStep& step : plan.steps) {
    text += fmt::format("~ {}\n", Visible(step.id));
    for (const resource::DifferenceRecord& record : step.differences) {
      text += record.diff.empty() ? fmt::format("    {}: {} -> {}\n",
                                                record.attribute,
                                                Visible(record.current),
                                                Visible(record.desired))
                                  : fmt::format("    {}: differs\n", record.attribute);
    }
    text += StepLines(step);
  }
  return text + OpaqueLine(plan);
}

std::string PlanJson(const StoredPlan& plan) {
  return Dump(JsonOf(plan, true));
}

std::string PlansText(const std::vector<StoredPlan>& plans) {
  if (plans.empty()) {
    return "There are no plans; `fettle plan TREE` makes one.\n";
  }
  constexpr std::string_view kRow = "{:<14} {:<26} {:>9} {:>7}  {}\n";
  std::string text = fmt::format(fmt::runtime(kRow), "PLAN", "MADE", "RESOURCES", "OPAQUE", "TREE");
  for (const StoredPlan& plan : plans) {
    text += fmt::format(fmt::runtime(kRow),
                        ShortId(plan.id),
                        Rfc3339(plan.made),
                        plan.steps.size(),
                        plan.opaque_operations(),
                        plan.tree);
  }
  return text;
}

std::string PlansJson(const std::vector<StoredPlan>& plans) {
  ordered_json list = ordered_json::array();
  for (const StoredPlan& plan : plans) {
    list.push_back(SummaryJson(plan));
  }
  return Dump(list);
}

std::string WithPlan(const std::string& report_json, const StoredPlan& plan) {
  // Put in before the last brace as text: to parse what may be a hundred thousand resources for it
  // would take longer than the plan.
  std::string_view head = report_json;
  head = head.substr(0, head.rfind('}'));
  head = head.substr(0, head.find_last_not_of(" \n") + 1);
  return fmt::format("{},\n  \"plan\": {}\n}}",
                     head,
                     absl::StrReplaceAll(Dump(JsonOf(plan, false)), {{"\n", "\n  "}}));
}

}  // namespace fettle::plans
