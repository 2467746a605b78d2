// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/knowledge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::journal {
namespace {

using resource::RefreshKind;
using resource::Value;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

const absl::Time kBefore = absl::FromUnixSeconds(100);
const absl::Time kAfter = absl::FromUnixSeconds(200);

Intent ConfTellsNginx(RefreshKind kind = RefreshKind::kReload) {
  return {"run1", kBefore, {{"file:/conf", {{"service:nginx", kind}}}}};
}

TEST(FingerprintTest, TellsValuesApart) {
  EXPECT_EQ(FingerprintOf(Value("a")), FingerprintOf(Value("a")));
  EXPECT_EQ(FingerprintOf(Value("a")), FingerprintOf(Value::Secret("a")));
  EXPECT_NE(FingerprintOf(Value("1")), FingerprintOf(Value(1)));
  EXPECT_NE(FingerprintOf(Value(Value::List{"ab", "c"})),
            FingerprintOf(Value(Value::List{"a", "bc"})));
  EXPECT_NE(FingerprintOf(Value()), 0U);
}

TEST(KnowledgeTest, AnIntendedChangeIsPendingButNotCertain) {
  Knowledge knowledge;
  knowledge.Add(ConfTellsNginx());
  ASSERT_EQ(knowledge.pending().size(), 1U);
  EXPECT_FALSE(knowledge.pending().begin()->second.front().certain);
  EXPECT_THAT(knowledge.open(), ElementsAre(Pair("file:/conf", "run1")));
  EXPECT_TRUE(knowledge.Unconfirmed("file:/conf"));
}

TEST(KnowledgeTest, AtRestMakesItCertainFromThenOn) {
  Knowledge knowledge;
  knowledge.Add(ConfTellsNginx());
  knowledge.Add(AtRest{kAfter, {{"file:/conf", Known{7, {}}}}});
  EXPECT_THAT(knowledge.pending().at("service:nginx"),
              ElementsAre(PendingSource{"file:/conf", kAfter, true, RefreshKind::kReload}));
  EXPECT_THAT(knowledge.open(), IsEmpty());
  EXPECT_FALSE(knowledge.Unconfirmed("file:/conf"));
  EXPECT_EQ(knowledge.Find("file:/conf")->declaration, 7U);
}

TEST(KnowledgeTest, AFailedChangeStaysUncertainUntilItsResourceIsAtRest) {
  Knowledge knowledge;
  knowledge.Add(ConfTellsNginx());
  knowledge.Add(Failed{{"file:/conf"}});
  EXPECT_THAT(knowledge.open(), IsEmpty());
  EXPECT_TRUE(knowledge.Unconfirmed("file:/conf"));
  EXPECT_FALSE(knowledge.pending().at("service:nginx").front().certain);
  knowledge.Add(AtRest{kAfter, {{"file:/conf", {}}}});
  EXPECT_TRUE(knowledge.pending().at("service:nginx").front().certain);
}

TEST(KnowledgeTest, AWithdrawnChangeIsForgottenButNotAnEarlierOne) {
  Knowledge knowledge;
  knowledge.Add(ConfTellsNginx());
  knowledge.Add(Withdrawn{{"file:/conf"}});
  EXPECT_THAT(knowledge.pending(), IsEmpty());
  EXPECT_THAT(knowledge.open(), IsEmpty());
  knowledge.Add(ConfTellsNginx());
  knowledge.Add(AtRest{kAfter, {{"file:/conf", {}}}});
  knowledge.Add(ConfTellsNginx());
  knowledge.Add(Withdrawn{{"file:/conf"}});
  EXPECT_EQ(knowledge.pending().at("service:nginx").size(), 1U);
}

TEST(KnowledgeTest, RestartWinsOverReloadAndARefreshClearsAll) {
  Knowledge knowledge;
  knowledge.Add(ConfTellsNginx(RefreshKind::kReload));
  knowledge.Add(ConfTellsNginx(RefreshKind::kRestart));
  ASSERT_EQ(knowledge.pending().at("service:nginx").size(), 1U);
  EXPECT_EQ(knowledge.pending().at("service:nginx").front().kind, RefreshKind::kRestart);
  knowledge.Add(Refreshed{{"service:nginx"}});
  EXPECT_THAT(knowledge.pending(), IsEmpty());
}

TEST(KnowledgeTest, AChangeAfterARefreshIsPendingAgain) {
  Knowledge knowledge;
  knowledge.Add(ConfTellsNginx());
  knowledge.Add(AtRest{kAfter, {{"file:/conf", {}}}});
  knowledge.Add(Refreshed{{"service:nginx"}});
  knowledge.Add(ConfTellsNginx());
  EXPECT_FALSE(knowledge.pending().at("service:nginx").front().certain);
  knowledge.Add(AtRest{kAfter, {{"file:/conf", {}}}});
  EXPECT_TRUE(knowledge.pending().at("service:nginx").front().certain);
}

TEST(KnowledgeTest, CompactedItSaysTheSame) {
  Knowledge knowledge;
  knowledge.Add(AtRest{kBefore, {{"file:/a", Known{1, {{"mode", 2, 3, "0644"}}}}}});
  knowledge.Add(ConfTellsNginx());
  knowledge.Add(AtRest{kAfter, {{"file:/conf", Known{4, {}}}}});
  knowledge.Add(Intent{"run2", kBefore, {{"file:/x", {{"service:y", RefreshKind::kRestart}}}}});
  knowledge.Add(Failed{{"file:/x"}});
  knowledge.Add(Intent{"run3", kBefore, {{"file:/open", {}}}, {"/srv"}});
  knowledge.Add(Settled{Sha256("catalog")});
  Knowledge again;
  for (const Record& record : knowledge.Compact()) {
    again.Add(record);
  }
  EXPECT_EQ(again.pending(), knowledge.pending());
  EXPECT_EQ(again.open(), knowledge.open());
  EXPECT_EQ(again.folders(), knowledge.folders());
  EXPECT_EQ(again.settled(), knowledge.settled());
  EXPECT_EQ(again.known(), knowledge.known());
  EXPECT_TRUE(again.Unconfirmed("file:/x"));
}

TEST(KnowledgeTest, WhatIsNoLongerDeclaredIsForgotten) {
  Knowledge knowledge;
  knowledge.Add(AtRest{kBefore, {{"file:/a", {}}}});
  knowledge.Add(ConfTellsNginx());
  knowledge.Add(Forgotten{{"file:/a", "service:nginx"}});
  EXPECT_EQ(knowledge.Find("file:/a"), nullptr);
  EXPECT_THAT(knowledge.pending(), IsEmpty());
}

}  // namespace
}  // namespace fettle::journal
