// SPDX-License-Identifier: Apache-2.0
#include "lib/policy/manifest.h"

#include <map>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/policy/delta.h"
#include "tests/support/status_matchers.h"

namespace fettle::policy {
namespace {

using ::fettle::testing::IsOk;
using ::fettle::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kEmpty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

Tree SmallTree() {
  Tree tree;
  EXPECT_THAT(tree.Add("fleet.lua", "-- hello\n"), IsOk());
  EXPECT_THAT(tree.Add("recipes/a b/init.lua", ""), IsOk());
  EXPECT_THAT(tree.Add("recipes/run", "", true), IsOk());
  return tree;
}

// Blobs of a tree by digest, as a store has them.
std::map<Digest, std::string> Blobs(const Tree& tree) {
  std::map<Digest, std::string> blobs;
  for (const auto& [path, file] : tree.files()) {
    blobs[file.digest] = file.content;
  }
  return blobs;
}

TEST(ManifestTest, HasALineAFileSortedByPath) {
  EXPECT_EQ(EncodeManifest(ManifestOf(SmallTree())),
            Sha256("-- hello\n").Hex() + " 9 - fleet.lua\n" + kEmpty +
                " 0 - recipes/a b/init.lua\n" + kEmpty + " 0 x recipes/run\n");
}

TEST(ManifestTest, ReadsBackWhatItWrote) {
  const Manifest manifest = ManifestOf(SmallTree());
  const auto again = ParseManifest(EncodeManifest(manifest));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(*again, manifest);
  EXPECT_THAT(ParseManifest(""), IsOk());
}

TEST(ManifestTest, TreeDigestSeesContentPathAndMode) {
  Tree other;
  ASSERT_THAT(other.Add("x", "1"), IsOk());
  Tree executable;
  ASSERT_THAT(executable.Add("x", "1", true), IsOk());
  Tree renamed;
  ASSERT_THAT(renamed.Add("y", "1"), IsOk());
  EXPECT_NE(TreeDigest(other), TreeDigest(executable));
  EXPECT_NE(TreeDigest(other), TreeDigest(renamed));
  EXPECT_EQ(TreeDigest(SmallTree()), TreeDigest(SmallTree()));
}

TEST(ManifestTest, RefusesWhatItCannotHaveWritten) {
  const std::string digest = kEmpty;
  const std::string upper = "E" + digest.substr(1);
  const std::pair<std::string, const char*> kCases[] = {
      {digest + " 0 - a", "cut off"},
      {digest + " 0 - b\n" + digest + " 0 - a\n", "out of order"},
      {digest + " 0 - a\n" + digest + " 0 - a\n", "twice"},
      {digest + " 0 - a\n" + digest + " 0 - a/b\n", "file and a directory"},
      {digest + " 0 - ../a\n", "\"..\""},
      {digest + " 0 - /a\n", "absolute"},
      {digest + " 0 - a" + std::string(1, '\0') + "b\n", "UTF-8"},
      {digest + " 0 - \n", "empty path"},
      {digest + " 00 - a\n", "no size"},
      {digest + " -1 - a\n", "no size"},
      {digest + " 99999999999 - a\n", "no size"},
      {digest + " 0 w a\n", "mode"},
      {digest + " 0 a\n", "line 1"},
      {upper + " 0 - a\n", "lower case"},
      {"abc 0 - a\n", "line 1"},
      {"\n", "line 1"},
  };
  for (const auto& [text, message] : kCases) {
    EXPECT_THAT(ParseManifest(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)))
        << text;
  }
}

TEST(DeltaTest, NamesEachMissingBlobOnce) {
  const Manifest manifest = ManifestOf(SmallTree());
  EXPECT_THAT(MissingBlobs(manifest, [](const Digest&) { return false; }),
              ElementsAre(Sha256("-- hello\n"), Sha256("")));
  EXPECT_THAT(MissingBlobs(manifest, [](const Digest& d) { return d == Sha256(""); }),
              ElementsAre(Sha256("-- hello\n")));
}

TEST(DeltaTest, AssemblesTheSameTree) {
  const Tree tree = SmallTree();
  const auto blobs = Blobs(tree);
  const auto again = AssembleTree(ManifestOf(tree), [&](const Digest& digest) {
    return std::optional<std::string>(blobs.at(digest));
  });
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(TreeDigest(*again), TreeDigest(tree));
}

TEST(DeltaTest, RefusesAnAlteredTruncatedOrMissingBlobNamingTheFile) {
  const Manifest manifest = ManifestOf(SmallTree());
  EXPECT_THAT(AssembleTree(manifest, [](const Digest&) { return std::string("-- hallo\n"); }),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("fleet.lua")));
  EXPECT_THAT(AssembleTree(manifest, [](const Digest&) { return std::string("-- hel"); }),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("fleet.lua")));
  EXPECT_THAT(AssembleTree(manifest, [](const Digest&) { return std::optional<std::string>(); }),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("fleet.lua")));
}

}  // namespace
}  // namespace fettle::policy
