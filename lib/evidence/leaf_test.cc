// SPDX-License-Identifier: Apache-2.0
#include "lib/evidence/leaf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/evidence/host_chain.h"
#include "lib/evidence/statement.h"
#include "lib/pki/base64.h"
#include "tests/support/status_matchers.h"

namespace fettle::evidence {
namespace {

using ::fettle::testing::IsOkAndHolds;
using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kDenied = absl::StatusCode::kPermissionDenied;

ActLeaf Publish() {
  return {absl::FromUnixMicros(17), "user/ann", "publish", "r3", "", {{"revision", "r3"}}};
}

ReportsLeaf Reports(uint64_t after, uint64_t last) {
  ReportsLeaf leaf;
  leaf.time = absl::FromUnixMicros(18);
  leaf.host = "web1";
  leaf.epoch = "e1";
  leaf.after = after;
  leaf.last = last;
  leaf.digest = Sha256("batch");
  return leaf;
}

ReportsLeaf Signed(ReportsLeaf leaf, const pki::SigningKey& key) {
  leaf.signature = SignReports(StatementOf(leaf), key).value();
  leaf.key = key.RawPublic().value();
  return leaf;
}

ActLeaf KeyOf(const pki::SigningKey& key) {
  ActLeaf leaf;
  leaf.act = kReportKeyAct;
  leaf.host = "web1";
  leaf.data[std::string(kKeyField)] = pki::Base64Encode(key.RawPublic().value());
  return leaf;
}

TEST(LeafTest, AnActIsOneLineOfJson) {
  EXPECT_EQ(EncodeLeaf(Publish()),
            R"({"act":"publish","data":{"revision":"r3"},"detail":"r3","kind":"act","time_us":17,)"
            R"("who":"user/ann"})");
  EXPECT_THAT(DecodeLeaf(EncodeLeaf(Publish())), IsOkAndHolds(Leaf(Publish())));
}

TEST(LeafTest, ReportsAreOneLineOfJson) {
  const ReportsLeaf leaf = Reports(3, 5);
  EXPECT_EQ(EncodeLeaf(leaf),
            R"({"after":3,"digest":"S7JO/JZBr8Xe0cp36rtuL88GLSESzNYb2L1qzYkYC64=","epoch":"e1",)"
            R"("host":"web1","kind":"reports","last":5,"time_us":18})");
  EXPECT_THAT(DecodeLeaf(EncodeLeaf(leaf)), IsOkAndHolds(Leaf(leaf)));
  ASSERT_OK_AND_ASSIGN(const auto key, pki::SigningKey::Generate());
  EXPECT_THAT(DecodeLeaf(EncodeLeaf(Signed(leaf, key))), IsOkAndHolds(Leaf(Signed(leaf, key))));
}

TEST(LeafTest, TimesBefore1970AndStrangeTextsComeBack) {
  ActLeaf leaf = Publish();
  leaf.time = absl::FromUnixMicros(-5);
  leaf.detail = "<script>\"\\\n\x01 \u00e4";
  EXPECT_THAT(DecodeLeaf(EncodeLeaf(leaf)), IsOkAndHolds(Leaf(leaf)));
  leaf.detail = "\xff";
  ASSERT_OK_AND_ASSIGN(const Leaf decoded, DecodeLeaf(EncodeLeaf(leaf)));
  EXPECT_EQ(std::get<ActLeaf>(decoded).detail, "\ufffd");
}

TEST(LeafTest, WhatIsWrittenInAnotherWayIsNoLeaf) {
  for (const char* const bad :
       {"",
        "{}",
        "[]",
        R"({"act":"publish","detail":"r3", "kind":"act","time_us":17,"who":"user/ann"})",
        R"({"act":"publish","detail":"r3","kind":"act","more":1,"time_us":17,"who":"user/ann"})",
        R"({"act":"publish","data":{"a":1},"detail":"","kind":"act","time_us":17,"who":""})",
        R"({"detail":"r3","kind":"act","time_us":17,"who":"user/ann"})"}) {
    EXPECT_THAT(DecodeLeaf(bad), StatusIs(absl::StatusCode::kInvalidArgument)) << bad;
  }
}

TEST(StatementTest, CoversHostEpochPlaceAndDigest) {
  EXPECT_EQ(StatementText({"web1", "e1", 3, 5, Sha256("batch")}),
            "host web1\nepoch e1\nafter 3\nlast 5\ndigest "
            "4bb24efc9641afc5ded1ca77eabb6e2fcf062d2112ccd61bd8bd6acd89180bae\n");
  ASSERT_OK_AND_ASSIGN(const auto key, pki::SigningKey::Generate());
  const ReportsLeaf good = Signed(Reports(3, 5), key);
  EXPECT_TRUE(VerifyReports(StatementOf(good), good.key, good.signature));
  ReportsLeaf bad = good;
  bad.host = "web2";
  EXPECT_FALSE(VerifyReports(StatementOf(bad), bad.key, bad.signature));
  bad = good;
  bad.after = 4;
  EXPECT_FALSE(VerifyReports(StatementOf(bad), bad.key, bad.signature));
  bad = good;
  bad.digest = Sha256("another batch");
  EXPECT_FALSE(VerifyReports(StatementOf(bad), bad.key, bad.signature));
}

TEST(HostChainTest, ReportsAreSignedWithTheKeyOfTheLog) {
  ASSERT_OK_AND_ASSIGN(const auto key, pki::SigningKey::Generate());
  ASSERT_OK_AND_ASSIGN(const auto other, pki::SigningKey::Generate());
  HostChains chains;
  EXPECT_OK(chains.Add(Reports(0, 1)));  // It does not sign yet.
  EXPECT_THAT(chains.Add(Signed(Reports(1, 2), key)), StatusIs(kDenied, HasSubstr("not its key")));
  EXPECT_OK(chains.Add(KeyOf(key)));
  EXPECT_OK(chains.Add(Signed(Reports(1, 2), key)));
  EXPECT_THAT(chains.Add(Signed(Reports(2, 3), other)),
              StatusIs(kDenied, HasSubstr("not its key")));
  EXPECT_THAT(chains.Add(Reports(2, 3)), StatusIs(kDenied, HasSubstr("not signed")));
  ReportsLeaf forged = Signed(Reports(2, 3), key);
  forged.digest = Sha256("other reports");
  EXPECT_THAT(chains.Add(forged), StatusIs(kDenied, HasSubstr("does not fit")));
}

TEST(HostChainTest, ReportsThatAreMissingBetweenOthersAreNoticed) {
  HostChains chains;
  EXPECT_OK(chains.Add(Reports(0, 4)));
  EXPECT_OK(chains.Add(Reports(2, 6)));  // Sent again, with more.
  EXPECT_THAT(chains.Add(Reports(8, 9)),
              StatusIs(kDenied, HasSubstr("reports 7 to 8 of host web1 are missing")));
  ReportsLeaf anew = Reports(0, 2);
  anew.epoch = "e2";
  EXPECT_OK(chains.Add(anew));
}

}  // namespace
}  // namespace fettle::evidence
