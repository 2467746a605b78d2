// SPDX-License-Identifier: Apache-2.0
#include "agent/link/encode_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fettle/v1/agent.pb.h"

namespace fettle::link {
namespace {

using ::testing::HasSubstr;

v1::TaskAnswer Decode(const std::string& bytes) {
  v1::TaskAnswer answer;
  EXPECT_TRUE(answer.ParseFromString(bytes));
  return answer;
}

plans::MadePlan Made() {
  plans::MadePlan made;
  made.plan.id = "3f0c21a9b4de5566";
  made.plan.host = "web1";
  made.plan.tree = "r7";
  made.plan.packages = {"install web 1.0"};
  plans::PlanStep step;
  step.id = "file:/etc/motd";
  step.operations = {{"write /etc/motd", false}, {"run /bin/x", true}};
  step.confidence = sys::Confidence::kPredicted;
  step.doubt = "perhaps not";
  made.plan.steps = {step};
  resource::ResourceReport resource;
  resource.id = "file:/etc/motd";
  resource.state = resource::State::kDrifted;
  resource.differences = {{"content", "a", "b", "", std::string(500, '+'), {}}};
  made.report.id = "RUN";
  made.report.resources = {resource};
  made.kept = true;
  return made;
}

TEST(EncodeAnswerTest, APlanIsSentAsItIsShown) {
  const v1::TaskAnswer answer = Decode(EncodePlanAnswer("T", Made()));
  EXPECT_EQ(answer.id(), "T");
  const v1::Plan& plan = answer.plan();
  EXPECT_EQ(plan.id(), "3f0c21a9b4de5566");
  EXPECT_EQ(plan.tree(), "r7");
  EXPECT_EQ(plan.packages(0), "install web 1.0");
  EXPECT_TRUE(plan.kept());
  ASSERT_EQ(plan.steps_size(), 1);
  EXPECT_EQ(plan.steps(0).operations(1).what(), "run /bin/x");
  EXPECT_TRUE(plan.steps(0).operations(1).opaque());
  EXPECT_EQ(plan.steps(0).confidence(), v1::Plan::PREDICTED);
  EXPECT_EQ(plan.steps(0).doubt(), "perhaps not");
  EXPECT_EQ(plan.report().resources(0).state(), v1::STATE_DRIFTED);
}

TEST(EncodeAnswerTest, OneThatIsTooLargeGoesWithoutDiffsAndThenSaysWhereItIs) {
  const v1::TaskAnswer shorter = Decode(EncodePlanAnswer("T", Made(), 500));
  EXPECT_THAT(shorter.plan().report().resources(0).differences(0).diff(), HasSubstr("left out"));
  EXPECT_THAT(Decode(EncodePlanAnswer("T", Made(), 100)).error(),
              HasSubstr("fettle plan --show 3f0c21a9b4de"));
}

TEST(EncodeAnswerTest, ProgressIsNoLastAnswer) {
  EXPECT_EQ(Decode(EncodeProgress("T", "plans")).progress(), "plans");
  EXPECT_EQ(Decode(EncodeTaskError("T", "no")).error(), "no");
}

}  // namespace
}  // namespace fettle::link
