// SPDX-License-Identifier: Apache-2.0
#include "server/fleet/agreement.h"

#include <gtest/gtest.h>

namespace fettle::server {
namespace {

const Agreement::View kOne{Sha256("states"), Sha256("catalog"), Sha256("revision")};
const Agreement::View kOther{Sha256("other"), Sha256("catalog"), Sha256("revision")};
constexpr absl::Duration kNow = absl::Hours(1);

// Asks as a heartbeat does, and answers what the store says.
bool Resync(Agreement* agreement,
            const Agreement::View& host,
            const Agreement::View& store,
            absl::Duration now = kNow,
            uint64_t unacknowledged = 0) {
  const auto question = agreement->Heard(host, unacknowledged);
  return question.has_value() && agreement->Compared(*question, store, now).states;
}

TEST(AgreementTest, OnceAgreedNothingIsAskedUntilSomethingChanges) {
  Agreement agreement;
  EXPECT_FALSE(Resync(&agreement, kOne, kOne));
  EXPECT_FALSE(agreement.Heard(kOne, 0).has_value());
  EXPECT_TRUE(agreement.Heard(kOther, 0).has_value());
  agreement.ReportsCame();
  EXPECT_TRUE(agreement.Heard(kOne, 0).has_value());
}

TEST(AgreementTest, ADifferenceAsksForASnapshotAtMostOnceAMinute) {
  Agreement agreement;
  EXPECT_TRUE(Resync(&agreement, kOther, kOne));
  EXPECT_FALSE(Resync(&agreement, kOther, kOne, kNow + absl::Seconds(59)));
  EXPECT_TRUE(Resync(&agreement, kOther, kOne, kNow + absl::Seconds(60)));
}

TEST(AgreementTest, AnUnknownCatalogIsADifference) {
  Agreement agreement;
  Agreement::View store = kOne;
  store.catalog = Sha256("older catalog");
  EXPECT_TRUE(Resync(&agreement, kOne, store));
}

TEST(AgreementTest, ReportsUnderWayExplainADifference) {
  Agreement agreement;
  EXPECT_FALSE(Resync(&agreement, kOther, kOne, kNow, 3));
  const auto question = agreement.Heard(kOther, 0);
  ASSERT_TRUE(question.has_value());
  agreement.ReportsCame();
  EXPECT_EQ(agreement.Compared(*question, kOne, kNow), Agreement::Wish());
}

TEST(AgreementTest, AnAnswerThatReportsHaveOvertakenAgreesToNothing) {
  Agreement agreement;
  const auto question = agreement.Heard(kOne, 0);
  ASSERT_TRUE(question.has_value());
  agreement.ReportsCame();
  EXPECT_EQ(agreement.Compared(*question, kOne, kNow), Agreement::Wish());
  EXPECT_TRUE(agreement.Heard(kOne, 0).has_value());
}

TEST(AgreementTest, AHostBeforeItsFirstRunHasNothingToSay) {
  Agreement agreement;
  EXPECT_FALSE(Resync(&agreement, {}, kOne));
}

TEST(AgreementTest, OtherPackagesAskForTheListOfPackagesAlone) {
  Agreement agreement;
  Agreement::View host = kOne;
  host.packages = Sha256("packages");
  Agreement::View store = kOne;
  const auto question = agreement.Heard(host, 0);
  ASSERT_TRUE(question.has_value());
  EXPECT_EQ(agreement.Compared(*question, store, kNow), (Agreement::Wish{false, true}));
  store.packages = host.packages;
  EXPECT_EQ(agreement.Compared(*question, store, kNow), Agreement::Wish());
  EXPECT_FALSE(agreement.Heard(host, 0).has_value());
}

TEST(AgreementTest, AHostThatSaysNothingOfItsPackagesAgrees) {
  Agreement agreement;
  Agreement::View store = kOne;
  store.packages = Sha256("packages");
  EXPECT_FALSE(Resync(&agreement, kOne, store));
  EXPECT_FALSE(agreement.Heard(kOne, 0).has_value());
}

}  // namespace
}  // namespace fettle::server
