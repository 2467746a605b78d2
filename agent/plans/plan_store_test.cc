// SPDX-License-Identifier: Apache-2.0
#include "agent/plans/plan_store.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace fettle::plans {
namespace {

StoredPlan PlanOf(const std::string& host) {
  StoredPlan plan;
  plan.host = host;
  plan.tree = "tree";
  plan.catalog = std::string("bytes\0of it", 11);
  PlanStep step;
  step.id = "file:/etc/motd";
  step.differences.push_back({"content", "a", "b", "", "-a\n+b\n", resource::Cause::kFirstSight});
  step.operations = {{"write /etc/motd", false}, {"run x", true}};
  step.confidence = sys::Confidence::kLow;
  step.refreshed = true;
  step.doubt = "perhaps";
  step.seen = {{"file /etc/motd", Sha256("1")}};
  step.sets = {{"content", ValueDigest("b")}};
  plan.steps = {step};
  plan.packages = {"install nginx 1.22"};
  plan.blobs = {{Sha256("blob"), "blob"}};
  return plan;
}

TEST(PlanStore, GivesBackWhatItKeepsByTheFirstCharactersOfItsId) {
  const testing::TempFolder folder;
  PlanStore store(folder.path() + "/plans");
  const auto id = store.Save(PlanOf("web"));
  ASSERT_OK(id.status());
  EXPECT_EQ(store.Save(PlanOf("web")).value_or(""), *id) << "the same plan has the same id";
  EXPECT_NE(store.Save(PlanOf("db")).value_or(*id), *id);
  const auto plan = store.Load(id->substr(0, 12));
  ASSERT_OK(plan.status());
  EXPECT_EQ(EncodePlan(*plan), EncodePlan(PlanOf("web")));
  EXPECT_EQ(plan->opaque_operations(), 1U);
  EXPECT_EQ(store.List().size(), 2U);
}

TEST(PlanStore, RefusesWhatWasChangedAndNamesWhatIsMissing) {
  const testing::TempFolder folder;
  PlanStore store(folder.path());
  const auto id = store.Save(PlanOf("web"));
  ASSERT_OK(id.status());
  std::ofstream(folder.path() + "/" + *id, std::ios::app) << "x";
  EXPECT_EQ(store.Load(*id).status().code(), absl::StatusCode::kDataLoss);
  std::vector<std::string> damaged;
  EXPECT_THAT(store.List(&damaged), ::testing::IsEmpty());
  EXPECT_THAT(damaged, ::testing::ElementsAre(::testing::HasSubstr(*id)));
  EXPECT_EQ(store.Load("0123456789").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store.Load("../etc").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(PlanStore, KeepsNoMoreThanItsRetentionSays) {
  const testing::TempFolder folder;
  PlanStore store(folder.path(), {.age = absl::Hours(1), .count = 3, .bytes = 1 << 20});
  for (const char* host : {"a", "b", "c", "d", "e"}) {
    ASSERT_OK(store.Save(PlanOf(host)).status());
  }
  EXPECT_EQ(store.List().size(), 3U);
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    std::filesystem::last_write_time(
        entry, std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
  }
  ASSERT_OK(store.Save(PlanOf("f")).status());
  EXPECT_EQ(store.List().size(), 1U);
}

TEST(PlanStore, BytesThatAreNoPlanAreRefusedWhateverTheyAre) {
  const std::string whole = EncodePlan(PlanOf("web"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(DecodePlan(whole.substr(0, length)).ok()) << length;
  }
  EXPECT_TRUE(DecodePlan(whole).ok());
}

}  // namespace
}  // namespace fettle::plans
