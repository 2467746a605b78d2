// SPDX-License-Identifier: Apache-2.0
// What every resource type promises of plans: nothing is written while one is made, the picture of
// the host is as declared after the planned changes, and carrying the plan out does what it says.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agent/engine/engine.h"
#include "agent/plans/forecast.h"
#include "agent/plans/guarded_host.h"
#include "agent/plans/plan_gate.h"
#include "agent/plans/plan_output.h"
#include "lib/base/status_macros.h"
#include "modules/types.h"
#include "tests/contract/contract_case.h"
#include "tests/contract/world.h"

namespace fettle::contract {
namespace {

using plans::PlanStep;
using plans::StoredPlan;

class PlanContractTest : public ::testing::TestWithParam<ContractCase> {
 protected:
  PlanContractTest() : world_(GetParam()) {
    const resource::Schema& schema = *FindType(GetParam().type)->schema;
    resource::Declaration declaration;
    declaration.type = GetParam().type;
    declaration.name = schema.canonical_name(GetParam().name).value();
    std::vector<std::string> errors;
    declaration.attributes =
        resource::Normalize(schema, declaration.name, GetParam().declared, &errors);
    EXPECT_TRUE(errors.empty());
    declaration.position = {"init.lua", 1, {}};
    catalog_.resources.push_back(std::move(declaration));
  }

  testing::FakeHost& host() { return world_.host(); }

  // A plan; the host as it would be is looked at as well.
  StoredPlan Plan() {
    plans::Forecast forecast(host(), nullptr);
    engine::Engine engine(FindType, host().clock(), nullptr);
    const auto report = engine.Plan(catalog_, forecast.reader(), {.observer = &forecast});
    EXPECT_TRUE(report.ok()) << report.status();
    StoredPlan plan =
        forecast.Make(catalog_, report.ok() ? *report : resource::RunReport(), "tree");
    const auto prepared = engine::Prepared::Make(catalog_, FindType);
    EXPECT_TRUE(prepared.ok()) << prepared.status();
    engine::Look look;
    engine::Inspect((*prepared)->items().front(), forecast.reader(), Deadline::Never(), &look);
    left_ = look.status.ok() ? fmt::format("{}", fmt::join(AttributesOf(look.drift), ", "))
                             : std::string(Message(look.status));
    return plan;
  }

  resource::RunReport CarryOut(const StoredPlan& plan) {
    plans::GuardedHost guarded(host(), plan, nullptr);
    const auto prepared = engine::Prepared::Make(catalog_, FindType);
    plans::PlanGate gate(plan, guarded);
    gate.LookBefore(**prepared, Deadline::Never());
    engine::Engine engine(FindType, host().clock(), nullptr);
    const auto report = engine.Run(**prepared, guarded, {.gate = &gate});
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : resource::RunReport();
  }

  World world_;
  resource::Catalog catalog_;
  std::string left_;  // What Plan() found to be still off in the host as it would be.
};

TEST_P(PlanContractTest, APlanWritesNothingAndItsChangesLeadToWhatIsDeclared) {
  host().calls().ClearLog();
  const StoredPlan plan = Plan();
  EXPECT_EQ(host().calls().writes(), 0U);
  ASSERT_EQ(plan.steps.size(), GetParam().differs_at_first ? 1U : 0U) << plans::PlanText(plan);
  if (plan.steps.empty()) {
    return;
  }
  const PlanStep& step = plan.steps.front();
  EXPECT_EQ(step.doubt, "");
  EXPECT_FALSE(step.operations.empty());
  if (!step.opaque()) {
    EXPECT_EQ(left_, "") << plans::PlanText(plan);
  }
  for (const std::string& secret : GetParam().secrets) {
    EXPECT_EQ(plans::PlanText(plan).find(secret), std::string::npos);
    EXPECT_EQ(plans::PlanJson(plan).find(secret), std::string::npos);
  }
}

TEST_P(PlanContractTest, CarryingOutAPlanBringsItAboutAndNothingIsLeftToPlan) {
  const StoredPlan plan = Plan();
  const resource::RunReport report = CarryOut(plan);
  EXPECT_EQ(report.counts.failed, 0) << plans::PlanText(plan);
  EXPECT_EQ(report.counts.changed, GetParam().differs_at_first ? 1 : 0);
  EXPECT_TRUE(Plan().steps.empty());
}

TEST_P(PlanContractTest, APlanIsTheSameWhenItIsMadeAgainAndWhenItWasKept) {
  const StoredPlan plan = Plan();
  EXPECT_EQ(Plan().id, plan.id);
  const absl::StatusOr<StoredPlan> kept = plans::DecodePlan(plans::EncodePlan(plan));
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(kept->id, plan.id);
}

TEST_P(PlanContractTest, WhatWasChangedSinceThePlanIsNotTouched) {
  if (!GetParam().differs_at_first) {
    EXPECT_TRUE(Plan().steps.empty());
    return;
  }
  const StoredPlan plan = Plan();
  world_.ExpectConverges();
  for (const BehindItsBack& change : GetParam().changes) {
    SCOPED_TRACE(change.attribute);
    change.change(host());
    if (Plan().id == plan.id) {
      world_.ExpectConverges();  // It is as it was when the plan was made.
      continue;
    }
    const auto before = host().disk().Everything();
    host().calls().ClearLog();
    const resource::RunReport report = CarryOut(plan);
    EXPECT_EQ(report.counts.changed, 0) << plans::PlanText(plan);
    EXPECT_EQ(host().disk().Everything(), before);
    world_.ExpectConverges();
  }
}

// Of what only looks there is nothing to plan.
std::vector<ContractCase> Cases() {
  std::vector<ContractCase> cases = AllContractCases();
  std::erase_if(cases, [](const ContractCase& one) { return !one.can_apply; });
  return cases;
}

std::string CaseName(const ::testing::TestParamInfo<ContractCase>& info) {
  return fmt::format("{}_{}", info.param.type, info.param.label);
}

INSTANTIATE_TEST_SUITE_P(Modules, PlanContractTest, ::testing::ValuesIn(Cases()), CaseName);

}  // namespace
}  // namespace fettle::contract
