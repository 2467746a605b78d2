// SPDX-License-Identifier: Apache-2.0
// Heads and bundles out of a real store, and what becomes of them when somebody changes the
// database.
#include <filesystem>

#include "lib/base/status_macros.h"
#include "lib/evidence/checkpoint.h"
#include "lib/evidence/verify_bundle.h"
#include "server/evidence/exporter.h"
#include "server/evidence/log_signer.h"
#include "server/store/sqlite/database.h"
#include "tests/server/store_fixture.h"
#include "tests/support/status_matchers.h"

namespace fettle::server {
namespace {

using fettle::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

class EvidenceTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    data_ = std::make_unique<DataDir>(std::filesystem::path(Path()).parent_path() / "data");
    ASSERT_OK(data_->Make());
    for (uint64_t n = 1; n <= 30; ++n) {
      if (n % 3 == 0) {
        ASSERT_OK(Ingest("web1", "e1", {Run(n, {})}));
      } else {
        ASSERT_OK(store().reports().Audit({At(n), "user/ann", "label", "web1"}));
      }
      clock_.Advance(absl::Minutes(1));
    }
  }

  LogSigner Signer() {
    auto signer = LogSigner::Load(*data_, "fettle/test");
    EXPECT_OK(signer);
    return *std::move(signer);
  }

  absl::StatusOr<std::string> Bundle(const ExportRange& range) {
    std::string text;
    RETURN_IF_ERROR(ExportBundle(
        store().evidence(), Signer(), "ca", range, clock_.Now(), [&](const std::string& piece) {
          text += piece;
          return absl::OkStatus();
        }));
    return text;
  }

  void Tamper(const std::string& sql) {
    auto database = sqlite::Database::Open(Path());
    ASSERT_OK(database);
    ASSERT_OK((*database)->Execute(sql));
  }

  std::unique_ptr<DataDir> data_;
};

TEST_F(EvidenceTest, TheKeyOfTheLogStays) {
  EXPECT_EQ(Signer().note_key(), Signer().note_key());
}

TEST_F(EvidenceTest, AHeadIsSignedWhenLeavesCameAndTheLastOneIsOld) {
  const LogSigner signer = Signer();
  ASSERT_OK(signer.SignIfOld(store().evidence(), At(100), absl::Hours(1)));
  ASSERT_OK_AND_ASSIGN(const auto first, store().evidence().NewestHead());
  EXPECT_EQ(first.size, 30U);
  ASSERT_OK_AND_ASSIGN(const auto opened, evidence::OpenCheckpoint(first.note, signer.note_key()));
  EXPECT_EQ(opened.head.size, 30U);
  ASSERT_OK(store().reports().Audit({At(101), "user/ann", "label", "web1"}));
  ASSERT_OK(signer.SignIfOld(store().evidence(), At(110), absl::Hours(1)));
  EXPECT_EQ(store().evidence().NewestHead()->size, 30U);
  ASSERT_OK(signer.SignIfOld(store().evidence(), At(170), absl::Hours(1)));
  EXPECT_EQ(store().evidence().NewestHead()->size, 31U);
}

TEST_F(EvidenceTest, ABundleOfEverythingHolds) {
  ASSERT_OK_AND_ASSIGN(const std::string text, Bundle({}));
  ASSERT_OK_AND_ASSIGN(const auto bundle, evidence::VerifyBundle(text, Signer().note_key()));
  EXPECT_EQ(bundle.leaves.size(), 30U);
}

TEST_F(EvidenceTest, ABundleOfARangeHoldsAndShowsItsLeavesAlone) {
  for (const auto& [since, until] : {std::pair(At(1), At(4)), {At(5), At(25)}, {At(20), At(99)}}) {
    ASSERT_OK_AND_ASSIGN(const std::string text, Bundle({since, until}));
    ASSERT_OK_AND_ASSIGN(const auto bundle, evidence::VerifyBundle(text, Signer().note_key()));
    for (const evidence::VerifiedLeaf& leaf : bundle.leaves) {
      EXPECT_GE(evidence::TimeOf(leaf.leaf), since);
      EXPECT_LT(evidence::TimeOf(leaf.leaf), until);
    }
  }
}

TEST_F(EvidenceTest, ABundleOfOneHostShowsItsLeavesAloneAndHolds) {
  MakeHost("web2");
  for (uint64_t n = 1; n <= 600; ++n) {  // More than are read at once.
    ASSERT_OK(Ingest("web2", "e1", {Run(n, {})}));
    if (n % 200 == 0) {
      clock_.Advance(absl::Minutes(1));
      ASSERT_OK(store().reports().Audit({clock_.Now(), "user/ann", "label", "a=b", "web2"}));
      ASSERT_OK(store().reports().Audit({clock_.Now(), "user/ann", "label", "web2", "web1"}));
    }
  }
  ASSERT_OK_AND_ASSIGN(const std::string everything, Bundle({.host = "web2"}));
  ASSERT_OK_AND_ASSIGN(const auto all, evidence::VerifyBundle(everything, Signer().note_key()));
  EXPECT_EQ(all.leaves.size(), 603U);
  for (const evidence::VerifiedLeaf& leaf : all.leaves) {
    EXPECT_EQ(evidence::HostOf(leaf.leaf), "web2");
  }
  for (const auto& [since, until] : {std::pair(At(2), At(9)), {At(10), At(20)}, {At(40), At(99)}}) {
    ASSERT_OK_AND_ASSIGN(const std::string text, Bundle({since, until, "web1"}));
    EXPECT_THAT(text, Not(HasSubstr("\"who\":\"host/web2")));
    ASSERT_OK_AND_ASSIGN(const auto bundle, evidence::VerifyBundle(text, Signer().note_key()));
    for (const evidence::VerifiedLeaf& leaf : bundle.leaves) {
      EXPECT_EQ(evidence::HostOf(leaf.leaf), "web1");
      EXPECT_GE(evidence::TimeOf(leaf.leaf), since);
      EXPECT_LT(evidence::TimeOf(leaf.leaf), until);
    }
  }
  ASSERT_OK_AND_ASSIGN(const std::string none, Bundle({.host = "web3"}));
  ASSERT_OK_AND_ASSIGN(const auto nothing, evidence::VerifyBundle(none, Signer().note_key()));
  EXPECT_TRUE(nothing.leaves.empty());
}

TEST_F(EvidenceTest, ReportsOfOneHostThatWereRemovedFromTheDatabaseAreCaught) {
  const std::string month = absl::FormatTime("%Y%m", clock_.Now(), absl::UTCTimeZone());
  Tamper("DELETE FROM reports_" + month + " WHERE number = 5");
  EXPECT_THAT(Bundle({.host = "web1"}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("1 of the leaves")));
}

TEST_F(EvidenceTest, ALeafThatWasChangedInTheDatabaseIsCaught) {
  Tamper("UPDATE acts SET leaf = replace(leaf, 'ann', 'eve') WHERE number = 4");
  ASSERT_OK_AND_ASSIGN(const std::string text, Bundle({}));
  EXPECT_THAT(evidence::VerifyBundle(text, Signer().note_key()),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(EvidenceTest, ALeafThatWasRemovedFromTheDatabaseIsCaught) {
  Tamper("DELETE FROM acts WHERE number = 4");
  EXPECT_THAT(Bundle({}), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("leaf 4")));
}

TEST_F(EvidenceTest, ReportsThatWereChangedInTheDatabaseAreCaught) {
  ASSERT_OK_AND_ASSIGN(const auto leaf, store().evidence().Leaf(2));
  ASSERT_FALSE(leaf.data.empty());
  const std::string month = absl::FormatTime("%Y%m", clock_.Now(), absl::UTCTimeZone());
  Tamper("UPDATE reports_" + month + " SET data = x'00' WHERE number = 2");
  ASSERT_OK_AND_ASSIGN(const std::string text, Bundle({}));
  EXPECT_THAT(evidence::VerifyBundle(text, Signer().note_key()),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("web1")));
}

TEST_F(EvidenceTest, TheBundleOfAnotherServerIsRefused) {
  ASSERT_OK_AND_ASSIGN(const std::string text, Bundle({}));
  ASSERT_OK_AND_ASSIGN(const auto key, pki::SigningKey::Generate());
  ASSERT_OK_AND_ASSIGN(const auto other, evidence::NoteKeyOf(key, "fettle/test"));
  EXPECT_THAT(evidence::VerifyBundle(text, other), StatusIs(absl::StatusCode::kPermissionDenied));
}

}  // namespace
}  // namespace fettle::server
