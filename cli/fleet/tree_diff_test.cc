// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/tree_diff.h"

#include <gtest/gtest.h>

#include "lib/policy/tree.h"

namespace fettle::cli {
namespace {

// Two trees and the blobs of both.
class TreeDiffTest : public testing::Test {
 protected:
  static void Put(policy::Tree& tree,
                  const std::string& path,
                  std::string content,
                  bool x = false) {
    ASSERT_TRUE(tree.Add(path, std::move(content), x).ok());
  }

  std::string Diff() const {
    std::map<Digest, std::string> blobs;
    for (const policy::Tree* tree : {&before_, &after_}) {
      for (const auto& [path, file] : tree->files()) {
        blobs[file.digest] = file.content;
      }
    }
    const auto changes = DiffManifests(policy::ManifestOf(before_), policy::ManifestOf(after_));
    std::string text;
    for (const FileChange& change : changes) {
      text += FormatChange(change, blobs);
    }
    return text;
  }

  policy::Tree before_;
  policy::Tree after_;
};

TEST_F(TreeDiffTest, EqualTreesHaveNoChanges) {
  Put(before_, "fleet.lua", "a\n");
  Put(after_, "fleet.lua", "a\n");
  EXPECT_EQ(Diff(), "");
}

TEST_F(TreeDiffTest, AddedRemovedAndChangedFilesComeByPath) {
  Put(before_, "b", "old\n");
  Put(before_, "c", "gone\n");
  Put(after_, "a", "new\n");
  Put(after_, "b", "other\n");
  EXPECT_EQ(Diff(),
            "--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+new\n"
            "--- a/b\n+++ b/b\n@@ -1 +1 @@\n-old\n+other\n"
            "--- a/c\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n");
}

TEST_F(TreeDiffTest, AModeThatChangesIsSaid) {
  Put(before_, "run.sh", "x\n");
  Put(after_, "run.sh", "x\n", true);
  EXPECT_EQ(Diff(), "run.sh becomes executable\n");
}

TEST_F(TreeDiffTest, KindsAndBlobsOfAChange) {
  Put(before_, "a", "1");
  Put(before_, "m", "same");
  Put(after_, "m", "same", true);
  Put(after_, "z", "2");
  const auto changes = DiffManifests(policy::ManifestOf(before_), policy::ManifestOf(after_));
  ASSERT_EQ(changes.size(), 3U);
  EXPECT_STREQ(changes[0].Kind(), "removed");
  EXPECT_STREQ(changes[1].Kind(), "mode");
  EXPECT_STREQ(changes[2].Kind(), "added");
  EXPECT_EQ(BlobsOf(changes).size(), 4U);
}

}  // namespace
}  // namespace fettle::cli
