// SPDX-License-Identifier: Apache-2.0
#include "agent/link/encode_answer.h"

#include <utility>

#include "agent/plans/plan_output.h"
#include "fettle/v1/agent.pb.h"
#include "lib/base/status_macros.h"
#include "lib/wire/report_wire.h"

namespace fettle::link {
namespace {

constexpr std::size_t kMaxText = 64U << 10;

v1::TaskAnswer AnswerTo(std::string_view task) {
  v1::TaskAnswer answer;
  answer.set_id(std::string(task));
  return answer;
}

v1::Plan::Step ToProto(const plans::PlanStep& step) {
  v1::Plan::Step out;
  out.set_id(step.id);
  for (const sys::PlannedOperation& operation : step.operations) {
    v1::Plan::Operation& one = *out.add_operations();
    one.set_what(operation.what);
    one.set_opaque(operation.opaque);
  }
  out.set_confidence(static_cast<v1::Plan::Confidence>(step.confidence));
  out.set_refreshed(step.refreshed);
  out.set_doubt(step.doubt);
  return out;
}

v1::Plan ToProto(const plans::MadePlan& made) {
  v1::Plan out;
  out.set_id(made.plan.id);
  out.set_made_us(absl::ToUnixMicros(made.plan.made));
  out.set_host(made.plan.host);
  out.set_tree(made.plan.tree);
  for (const plans::PlanStep& step : made.plan.steps) {
    *out.add_steps() = ToProto(step);
  }
  for (const std::string& package : made.plan.packages) {
    out.add_packages(package);
  }
  *out.mutable_report() = wire::ToProto(made.report);
  out.set_kept(made.kept);
  return out;
}

void DropDiffs(v1::RunReport* report) {
  for (v1::ResourceReport& resource : *report->mutable_resources()) {
    for (v1::Difference& difference : *resource.mutable_differences()) {
      if (!difference.diff().empty()) {
        difference.set_diff("(left out: the plan is too large to be sent with it)");
      }
    }
  }
}

}  // namespace

std::string EncodeProgress(std::string_view task, std::string_view text) {
  v1::TaskAnswer answer = AnswerTo(task);
  answer.set_progress(std::string(text));
  return answer.SerializeAsString();
}

std::string EncodeTaskError(std::string_view task, std::string_view error) {
  v1::TaskAnswer answer = AnswerTo(task);
  answer.set_error(std::string(error.substr(0, kMaxText)));
  return answer.SerializeAsString();
}

std::string EncodePlanAnswer(std::string_view task, const plans::MadePlan& made, std::size_t most) {
  v1::TaskAnswer answer = AnswerTo(task);
  *answer.mutable_plan() = ToProto(made);
  if (answer.ByteSizeLong() > most) {
    DropDiffs(answer.mutable_plan()->mutable_report());
  }
  if (answer.ByteSizeLong() > most) {
    return EncodeTaskError(
        task,
        fmt::format("plan {0} is too large to be sent ({1} steps); it is kept on the host: `fettle "
                    "plan --show {0}` there shows it",
                    plans::ShortId(made.plan.id),
                    made.plan.steps.size()));
  }
  return answer.SerializeAsString();
}

std::string EncodeRunAnswer(std::string_view task, const resource::RunReport& run) {
  v1::Report shortened;
  shortened.ParseFromString(EncodeRun(run));
  v1::TaskAnswer answer = AnswerTo(task);
  *answer.mutable_run() = std::move(*shortened.mutable_run());
  return answer.SerializeAsString();
}

}  // namespace fettle::link
