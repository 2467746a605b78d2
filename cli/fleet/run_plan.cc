// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/run_plan.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "agent/engine/report_json.h"
#include "agent/engine/report_text.h"
#include "agent/plans/plan_output.h"
#include "cli/client/fleet_client.h"
#include "cli/fleet/command.h"
#include "fettle/v1/fleet.pb.h"
#include "lib/base/status_macros.h"
#include "lib/wire/report_wire.h"

namespace fettle::cli {
namespace {

using nlohmann::ordered_json;

constexpr int kExitFailures = 4;

// What hosts have answered at last.
struct Answers {
  std::map<std::string, v1::Plan> plans;
  std::map<std::string, v1::RunReport> runs;
  std::map<std::string, std::string> errors;

  void Take(v1::HostAnswer answer) {
    switch (answer.body_case()) {
      case v1::HostAnswer::kProgress:
        if (::isatty(STDERR_FILENO) != 0) {
          fmt::print(stderr, "{} {}\n", answer.host(), answer.progress());
        }
        return;
      case v1::HostAnswer::kPlan:
        plans[answer.host()] = std::move(*answer.mutable_plan());
        return;
      case v1::HostAnswer::kRun:
        runs[answer.host()] = std::move(*answer.mutable_run());
        return;
      case v1::HostAnswer::kError:
      case v1::HostAnswer::BODY_NOT_SET:
        break;
    }
    errors[answer.host()] = answer.error();
  }

  // "web1: it is not connected; web2: …".
  std::string Errors() const {
    std::string text;
    for (const auto& [host, error] : errors) {
      text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", host, error);
    }
    return text;
  }
};

// A plan as `fettle plan` has it.
struct Shown {
  resource::RunReport report;
  plans::StoredPlan plan;
};

sys::Confidence FromProto(v1::Plan::Confidence confidence) {
  switch (confidence) {
    case v1::Plan::CERTAIN:
      return sys::Confidence::kCertain;
    case v1::Plan::PREDICTED:
      return sys::Confidence::kPredicted;
    default:
      return sys::Confidence::kLow;
  }
}

absl::StatusOr<Shown> FromProto(const v1::Plan& plan) {
  Shown shown;
  ASSIGN_OR_RETURN(shown.report, wire::FromProto(plan.report()));
  shown.plan.id = plan.id();
  shown.plan.made = absl::FromUnixMicros(plan.made_us());
  shown.plan.host = plan.host();
  shown.plan.tree = plan.tree();
  shown.plan.packages.assign(plan.packages().begin(), plan.packages().end());
  for (const v1::Plan::Step& step : plan.steps()) {
    plans::PlanStep& one = shown.plan.steps.emplace_back();
    one.id = step.id();
    one.confidence = FromProto(step.confidence());
    one.refreshed = step.refreshed();
    one.doubt = step.doubt();
    for (const v1::Plan::Operation& operation : step.operations()) {
      one.operations.push_back({operation.what(), operation.opaque()});
    }
  }
  return shown;
}

std::string TextOf(const Shown& shown, bool colour) {
  const engine::TextOptions options{.plan = true, .colour = colour};
  std::string text;
  for (const resource::ResourceReport& resource : shown.report.resources) {
    text += engine::ResourceText(resource, options);
    if (const plans::PlanStep* const step = shown.plan.Find(resource.id); step != nullptr) {
      text += plans::StepLines(*step);
    }
  }
  return text + engine::SummaryText(shown.report, options) + plans::OpaqueLine(shown.plan);
}

// All that makes two plans of two hosts the same.
std::string KeyOf(const v1::Plan& plan) {
  v1::Plan key;
  *key.mutable_steps() = plan.steps();
  *key.mutable_packages() = plan.packages();
  for (const v1::ResourceReport& resource : plan.report().resources()) {
    v1::ResourceReport& one = *key.mutable_report()->add_resources();
    one = resource;
    one.clear_duration_us();
    one.clear_actor();
  }
  *key.mutable_report()->mutable_counts() = plan.report().counts();
  return key.SerializeAsString();
}

std::string KeptText(const std::vector<std::string>& hosts, const Answers& answers) {
  std::string text;
  for (const std::string& host : hosts) {
    const v1::Plan& plan = answers.plans.at(host);
    if (plan.kept()) {
      text += fmt::format(
          "Plan {0} is kept on {1}; to do exactly this: fettle run {1} --apply-plan {0}\n",
          plans::ShortId(plan.id()),
          host);
    }
  }
  return text;
}

absl::Status PrintText(const Answers& answers, const Output& output) {
  const auto groups = Alike(answers.plans);
  const bool several = answers.plans.size() > 1;
  if (several) {
    Print(fmt::format("{} hosts → {}\n",
                      answers.plans.size(),
                      Count(groups.size(), groups.size() == 1 ? "plan" : "distinct plan")));
  }
  for (const std::vector<std::string>& hosts : groups) {
    ASSIGN_OR_RETURN(const Shown shown, FromProto(answers.plans.at(hosts.front())));
    Print(several ? fmt::format("\n{}:\n", fmt::join(hosts, ", ")) : "");
    Print(TextOf(shown, output.UseColour()) + KeptText(hosts, answers));
  }
  for (const auto& [host, error] : answers.errors) {
    fmt::print(stderr, "fettle run: {}: {}\n", host, error);
  }
  return absl::OkStatus();
}

absl::Status PrintPlansJson(const Answers& answers) {
  ordered_json groups = ordered_json::array();
  for (const std::vector<std::string>& hosts : Alike(answers.plans)) {
    ASSIGN_OR_RETURN(const Shown shown, FromProto(answers.plans.at(hosts.front())));
    ordered_json group;
    group["hosts"] = ordered_json::array();
    for (const std::string& host : hosts) {
      const v1::Plan& plan = answers.plans.at(host);
      group["hosts"].push_back({{"host", host}, {"plan", plan.kept() ? plan.id() : ""}});
    }
    group["result"] =
        ordered_json::parse(plans::WithPlan(engine::ReportJson(shown.report), shown.plan));
    groups.push_back(std::move(group));
  }
  ordered_json failed = ordered_json::array();
  for (const auto& [host, error] : answers.errors) {
    failed.push_back({{"host", host}, {"error", error}});
  }
  const ordered_json json = {{"hosts", answers.plans.size()},
                             {"distinct", groups.size()},
                             {"groups", groups},
                             {"failed", failed}};
  Print(json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  return absl::OkStatus();
}

}  // namespace

std::vector<std::vector<std::string>> Alike(const std::map<std::string, v1::Plan>& plans) {
  std::map<std::string, std::size_t> known;
  std::vector<std::vector<std::string>> groups;
  for (const auto& [host, plan] : plans) {
    const auto [found, fresh] = known.try_emplace(KeyOf(plan), groups.size());
    if (fresh) {
      groups.emplace_back();
    }
    groups[found->second].push_back(host);
  }
  return groups;
}

absl::StatusOr<int> PlanHosts(const v1::PlanHostsRequest& request, const Output& output) {
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  Answers answers;
  RETURN_IF_ERROR(FleetClient(connection).PlanHosts(request, [&](v1::HostAnswer answer) {
    answers.Take(std::move(answer));
  }));
  if (answers.plans.empty()) {
    return FailedPrecondition("{}", answers.Errors());
  }
  RETURN_IF_ERROR(output.json() ? PrintPlansJson(answers) : PrintText(answers, output));
  int code = answers.errors.empty() ? 0 : kExitFailures;
  for (const auto& [host, plan] : answers.plans) {
    ASSIGN_OR_RETURN(const resource::RunReport report, wire::FromProto(plan.report()));
    code |= resource::ExitCode(report);
  }
  return code;
}

absl::StatusOr<int> ApplyPlan(const v1::ApplyPlanRequest& request, const Output& output) {
  ASSIGN_OR_RETURN(const Connection connection, Connect());
  Answers answers;
  RETURN_IF_ERROR(FleetClient(connection).ApplyPlan(request, [&](v1::HostAnswer answer) {
    answers.Take(std::move(answer));
  }));
  if (answers.runs.empty()) {
    return FailedPrecondition("{}", answers.Errors());
  }
  ASSIGN_OR_RETURN(const resource::RunReport report, wire::FromProto(answers.runs.begin()->second));
  Print(output.json() ? engine::ReportJson(report) + "\n"
                      : engine::ReportText(report, {.plan = false, .colour = output.UseColour()}));
  return resource::ExitCode(report);
}

}  // namespace fettle::cli
