// SPDX-License-Identifier: Apache-2.0
// What the integration tests cannot reach: settings, damage, lint.
#include "server/policy/publisher.h"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "lib/base/status_macros.h"
#include "lib/policy/manifest.h"
#include "server/policy/revision_blobs.h"
#include "tests/server/store_fixture.h"

namespace fettle::server {
namespace {

using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;

class PublisherTest : public StoreTest {
 protected:
  PublisherTest() {
    EXPECT_OK(tree_.Add("fleet.lua", "-- hosts"));
    options_.trusted_keys = Path() + ".keys";
    options_.allow_unsigned = true;
  }

  void Upload() {
    ASSERT_OK(store().policy().PutBlob(policy::TreeDigest(tree_), Manifest()));
    ASSERT_OK(store().policy().PutBlob(Sha256("-- hosts"), "-- hosts"));
  }

  std::string Manifest() const { return policy::EncodeManifest(policy::ManifestOf(tree_)); }

  std::string Statement(const Digest& parent = {}) const {
    policy::Revision revision;
    revision.tree = policy::TreeDigest(tree_);
    revision.parent = parent;
    revision.author = "Ann";
    revision.message = "m";
    revision.created = absl::FromUnixSeconds(1'790'000'000);
    return policy::RevisionStatement(revision).value_or("");
  }

  absl::StatusOr<RevisionRecord> Publish(const std::string& statement,
                                         const std::string& signature = "") {
    return Publisher(store().policy(), clock_, options_).Publish(statement, signature, "user/ann");
  }

  policy::Tree tree_;
  Publisher::Options options_;
};

TEST_F(PublisherTest, ATreeThatDoesNotLintIsRefusedWithAllItsProblems) {
  Upload();
  options_.lint = [](const policy::Tree& tree) -> absl::Status {
    EXPECT_NE(tree.Find("fleet.lua"), nullptr);
    return InvalidArgument("fleet.lua:1: one\nfleet.lua:2: two");
  };
  EXPECT_THAT(Publish(Statement()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("fleet.lua:2: two")));
  EXPECT_THAT(store().policy().GetRevisionByNumber(1), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(PublisherTest, AnUnknownParentIsRefusedAndAKnownOneTaken) {
  Upload();
  EXPECT_THAT(Publish(Statement(Sha256("nobody knows"))).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("parent")));
  ASSERT_OK_AND_ASSIGN(const RevisionRecord first, Publish(Statement()));
  ASSERT_OK_AND_ASSIGN(const RevisionRecord second, Publish(Statement(first.id)));
  EXPECT_EQ(second.number, 2);
}

TEST_F(PublisherTest, AManifestThatIsNoneOrMissesContentIsRefused) {
  EXPECT_THAT(Publish(Statement()).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("manifest")));
  ASSERT_OK(store().policy().PutBlob(policy::TreeDigest(tree_), Manifest()));
  EXPECT_THAT(Publish(Statement()).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(Sha256("-- hosts").Hex())));
}

// A client of another make, or of ill will: ours writes no such manifest.
TEST_F(PublisherTest, AManifestThatLeadsOutOfItsTreeIsRefused) {
  const std::string digest = Sha256("-- hosts").Hex();
  for (const char* path :
       {"../fleet.lua", "recipes/../../fleet.lua", "/etc/passwd", "a//b", "./a"}) {
    const std::string manifest = fmt::format("{} 8 - {}\n", digest, path);
    ASSERT_OK(store().policy().PutBlob(Sha256(manifest), manifest));
    ASSERT_OK(store().policy().PutBlob(Sha256("-- hosts"), "-- hosts"));
    policy::Revision revision;
    revision.tree = Sha256(manifest);
    revision.author = "Ann";
    revision.created = absl::FromUnixSeconds(1'790'000'000);
    ASSERT_OK_AND_ASSIGN(const std::string statement, policy::RevisionStatement(revision));
    EXPECT_THAT(Publish(statement).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 1")))
        << path;
  }
  EXPECT_THAT(store().policy().GetRevisionByNumber(1), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(PublisherTest, WithoutKeysASignatureIsAnsweredWithWhereToPutThem) {
  Upload();
  options_.allow_unsigned = false;
  EXPECT_THAT(Publish(Statement()).status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("not signed")));
  EXPECT_THAT(Publish(Statement(), "a signature").status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(options_.trusted_keys)));
  std::ofstream(options_.trusted_keys) << "ssh-ed25519 nonsense\n";
  EXPECT_THAT(Publish(Statement(), "a signature").status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("1")));
}

TEST_F(PublisherTest, ARevisionsBlobsAreItsManifestAndItsFiles) {
  Upload();
  ASSERT_OK_AND_ASSIGN(const RevisionRecord revision, Publish(Statement()));
  RevisionBlobs blobs(store().policy());
  ASSERT_OK_AND_ASSIGN(const auto set, blobs.Of(revision.id));
  EXPECT_EQ(set->size(), 2U);
  EXPECT_TRUE(set->contains(policy::TreeDigest(tree_)));
  EXPECT_TRUE(set->contains(Sha256("-- hosts")));
  EXPECT_THAT(blobs.Of(Sha256("x")).status(), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace fettle::server
