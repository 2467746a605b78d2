// SPDX-License-Identifier: Apache-2.0
#include "agent/revision/revision_store.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/revision/author_for_test.h"
#include "tests/support/status_matchers.h"

namespace fettle::agent {
namespace {

using fettle::testing::IsOkAndHolds;
using fettle::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class RevisionStoreTest : public ::testing::Test {
 protected:
  RevisionStoreTest() {
    std::string name = ::testing::TempDir() + "revisions-XXXXXX";
    directory_ = mkdtemp(name.data());
    Trust(author_.KeyLine());
  }

  ~RevisionStoreTest() override { std::filesystem::remove_all(directory_); }

  void Trust(const std::string& keys) const { std::ofstream(directory_ + "/trusted_keys") << keys; }

  std::unique_ptr<RevisionStore> Open() const {
    auto store = RevisionStore::Open(directory_ + "/state", directory_ + "/trusted_keys");
    EXPECT_OK(store);
    return *std::move(store);
  }

  static void PutAll(const MadeRevision& made, RevisionStore* store) {
    for (const auto& [digest, content] : made.blobs) {
      EXPECT_OK(store->blobs().Put(digest, content));
    }
  }

  AuthorForTest author_;
  std::string directory_;
};

TEST_F(RevisionStoreTest, BelievesWhatATrustedKeySigned) {
  const MadeRevision made = author_.Make(1, {{"fleet.lua", "-- one\n"}});
  ASSERT_OK_AND_ASSIGN(const policy::VerifiedRevision verified, Open()->Verify(made.assignment));
  EXPECT_EQ(verified.revision.tree, made.tree);
  EXPECT_EQ(verified.signer.comment, "author");
}

TEST_F(RevisionStoreTest, RefusesEverythingElseAndSaysWhy) {
  const auto store = Open();
  const MadeRevision good = author_.Make(1, {{"fleet.lua", "-- one\n"}});
  link::Assignment assignment = good.assignment;
  assignment.signature = "";
  EXPECT_THAT(store->Verify(assignment), StatusIs(absl::StatusCode::kNotFound));

  assignment = good.assignment;
  assignment.statement += "x";
  EXPECT_THAT(store->Verify(assignment),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("not the one that its id names")));
  assignment.revision_id = policy::RevisionId(assignment.statement);
  EXPECT_THAT(store->Verify(assignment), StatusIs(absl::StatusCode::kDataLoss));

  const AuthorForTest mallory;
  EXPECT_THAT(store->Verify(mallory.Make(1, {{"fleet.lua", "-- evil\n"}}).assignment),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("trusted_keys")));
}

TEST_F(RevisionStoreTest, BelievesNobodyWithoutTrustedKeys) {
  const MadeRevision made = author_.Make(1, {{"fleet.lua", ""}});
  Trust("# nobody yet\n");
  EXPECT_THAT(Open()->Verify(made.assignment),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no key is trusted")));
  std::filesystem::remove(directory_ + "/trusted_keys");
  EXPECT_THAT(Open()->Verify(made.assignment),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no key is trusted")));
}

TEST_F(RevisionStoreTest, AsksForTheManifestFirstThenForWhatItLacks) {
  const auto store = Open();
  const MadeRevision made = author_.Make(1, {{"a.lua", "a"}, {"b.lua", "b"}});
  EXPECT_THAT(store->Missing(made.tree), IsOkAndHolds(ElementsAre(made.tree)));
  ASSERT_OK(store->blobs().Put(made.tree, made.blobs.at(made.tree)));
  EXPECT_THAT(store->Missing(made.tree),
              IsOkAndHolds(UnorderedElementsAre(Sha256("a"), Sha256("b"))));
  PutAll(made, store.get());
  EXPECT_THAT(store->Missing(made.tree), IsOkAndHolds(IsEmpty()));
  ASSERT_OK_AND_ASSIGN(const policy::Tree tree, store->Assemble(made.tree));
  EXPECT_EQ(tree.Find("b.lua")->content, "b");
}

TEST_F(RevisionStoreTest, FetchesADamagedBlobAgain) {
  const auto store = Open();
  const MadeRevision made = author_.Make(1, {{"a.lua", "a"}});
  PutAll(made, store.get());
  const std::string hex = Sha256("a").Hex();
  std::ofstream(directory_ + "/state/blobs/" + hex.substr(0, 2) + "/" + hex) << "damaged";
  EXPECT_THAT(store->Assemble(made.tree), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store->Missing(made.tree), IsOkAndHolds(ElementsAre(Sha256("a"))));
}

TEST_F(RevisionStoreTest, RemembersWhatItAdopted) {
  MadeRevision made = author_.Make(4, {{"a.lua", "a"}});
  made.assignment.labels = {{"role", "web"}, {"stage", "test"}};
  {
    const auto store = Open();
    EXPECT_EQ(store->current(), std::nullopt);
    PutAll(made, store.get());
    ASSERT_OK(store->Adopt(made.assignment, made.tree));
  }
  const auto store = Open();
  EXPECT_EQ(store->current(), made.assignment);
  ASSERT_OK(store->Assemble(made.tree));
}

TEST_F(RevisionStoreTest, KeepsTheBlobsOfTheLastRevisionsOnly) {
  const auto store = Open();
  std::vector<MadeRevision> made;
  for (int i = 0; i < 5; ++i) {
    const std::string content = "content " + std::to_string(i);
    made.push_back(author_.Make(i, {{"a.lua", content}, {"shared.lua", "shared"}}));
    PutAll(made.back(), store.get());
    ASSERT_OK(store->Adopt(made.back().assignment, made.back().tree));
  }
  EXPECT_FALSE(store->blobs().Has(Sha256("content 0")));
  EXPECT_FALSE(store->blobs().Has(Sha256("content 1")));
  EXPECT_TRUE(store->blobs().Has(Sha256("content 2")));
  EXPECT_TRUE(store->blobs().Has(Sha256("shared")));
  EXPECT_THAT(store->Missing(made[4].tree), IsOkAndHolds(IsEmpty()));
}

TEST_F(RevisionStoreTest, GoesOnWithoutADamagedRecord) {
  {
    const auto store = Open();
    const MadeRevision made = author_.Make(1, {{"a.lua", "a"}});
    PutAll(made, store.get());
    ASSERT_OK(store->Adopt(made.assignment, made.tree));
  }
  std::ofstream(directory_ + "/state/revision") << "rubbish";
  const auto store = Open();
  EXPECT_EQ(store->current(), std::nullopt);
  EXPECT_THAT(store->TakeMessages(), ElementsAre(HasSubstr("damaged")));
}

}  // namespace
}  // namespace fettle::agent
