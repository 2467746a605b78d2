// SPDX-License-Identifier: Apache-2.0
#include "agent/revision/blob_store.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle::agent {
namespace {

using fettle::testing::IsOkAndHolds;
using fettle::testing::StatusIs;
using ::testing::HasSubstr;

class BlobStoreTest : public ::testing::Test {
 protected:
  BlobStoreTest() {
    std::string name = ::testing::TempDir() + "blobs-XXXXXX";
    directory_ = mkdtemp(name.data());
  }

  ~BlobStoreTest() override { std::filesystem::remove_all(directory_); }

  std::string FileOf(const Digest& digest) const {
    return directory_ + "/blobs/" + digest.Hex().substr(0, 2) + "/" + digest.Hex();
  }

  std::string directory_;
};

TEST_F(BlobStoreTest, KeepsContentUnderItsDigest) {
  BlobStore store(directory_ + "/blobs");
  const Digest digest = Sha256("content");
  EXPECT_FALSE(store.Has(digest));
  EXPECT_THAT(store.Blob(digest), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_OK(store.Put(digest, "content"));
  ASSERT_OK(store.Sync());
  EXPECT_TRUE(store.Has(digest));
  EXPECT_THAT(store.Blob(digest), IsOkAndHolds("content"));
}

TEST_F(BlobStoreTest, RefusesWhatIsNotWhatItIsSaidToBe) {
  BlobStore store(directory_ + "/blobs");
  EXPECT_THAT(store.Put(Sha256("content"), "other"), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_FALSE(store.Has(Sha256("content")));
}

TEST_F(BlobStoreTest, ForgetsWhatWasDamagedOnTheDisk) {
  BlobStore store(directory_ + "/blobs");
  const Digest digest = Sha256("content");
  ASSERT_OK(store.Put(digest, "content"));
  std::ofstream(FileOf(digest)) << "c0ntent";
  EXPECT_THAT(store.Blob(digest), StatusIs(absl::StatusCode::kNotFound, HasSubstr("damaged")));
  EXPECT_FALSE(store.Has(digest));
}

TEST_F(BlobStoreTest, PrunesAllButWhatIsKept) {
  BlobStore store(directory_ + "/blobs");
  ASSERT_OK(store.Put(Sha256("a"), "a"));
  ASSERT_OK(store.Put(Sha256("b"), "b"));
  std::ofstream(FileOf(Sha256("a")) + ".new") << "half";
  ASSERT_OK(store.Prune({Sha256("a")}));
  EXPECT_TRUE(store.Has(Sha256("a")));
  EXPECT_FALSE(store.Has(Sha256("b")));
  EXPECT_FALSE(std::filesystem::exists(FileOf(Sha256("a")) + ".new"));
}

}  // namespace
}  // namespace fettle::agent
