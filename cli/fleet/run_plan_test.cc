// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/run_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fettle/v1/fleet.pb.h"

namespace fettle::cli {
namespace {

using ::testing::ElementsAre;

v1::Plan PlanOf(const std::string& host, const std::string& what) {
  v1::Plan plan;
  plan.set_id("id of " + host);
  plan.set_host(host);
  v1::Plan::Step& step = *plan.add_steps();
  step.set_id("file:/etc/motd");
  step.add_operations()->set_what(what);
  v1::ResourceReport& resource = *plan.mutable_report()->add_resources();
  resource.set_id("file:/etc/motd");
  resource.set_duration_us(static_cast<int64_t>(host.size()));
  plan.mutable_report()->set_id("run on " + host);
  return plan;
}

TEST(AlikeTest, HostsOfWhichTheSameWouldBeMadeStandTogether) {
  EXPECT_THAT(Alike({{"db1", PlanOf("db1", "write 3 bytes")},
                     {"web1", PlanOf("web1", "write 12 bytes")},
                     {"web10", PlanOf("web10", "write 12 bytes")},
                     {"web2", PlanOf("web2", "write 3 bytes")}}),
              ElementsAre(ElementsAre("db1", "web2"), ElementsAre("web1", "web10")));
}

TEST(AlikeTest, WhatDiffersCountsAlsoWhereTheStepsAreTheSame) {
  v1::Plan other = PlanOf("web2", "write 3 bytes");
  other.mutable_report()->mutable_resources(0)->add_differences()->set_current("something else");
  EXPECT_THAT(Alike({{"web1", PlanOf("web1", "write 3 bytes")}, {"web2", other}}),
              ElementsAre(ElementsAre("web1"), ElementsAre("web2")));
}

}  // namespace
}  // namespace fettle::cli
