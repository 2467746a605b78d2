// SPDX-License-Identifier: Apache-2.0
#include "cli/local/evaluate_tree.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "lib/sys/linux_host.h"
#include "lib/sys/temp_dir_for_test.h"

namespace fettle::cli {
namespace {

constexpr std::size_t kMagicBytes = 17;
constexpr std::size_t kKeyBytes = 32;

class EvaluateTreeTest : public sys::TempDirTest {
 protected:
  // The content of /etc/motd by the tree as it stands, "" and a failure when there is none.
  std::string Motd(const policy::Tree& tree, const Subject& subject) {
    const auto evaluated = EvaluateTree(tree, subject, *host_, &cache_);
    if (!evaluated.ok() || evaluated->catalog.resources.size() != 1) {
      ADD_FAILURE() << evaluated.status().ToString();
      return "";
    }
    return evaluated->catalog.resources.front().attributes.String("content", "");
  }

  static policy::Tree TreeOf(const std::string& source) {
    policy::Tree tree;
    EXPECT_TRUE(tree.Add("fleet.lua", source).ok());
    return tree;
  }

  const std::string path_ = Path("catalog");
  const CatalogCache cache_{path_, CatalogCache::Mode::kReadAndWrite};
  const std::unique_ptr<sys::Host> host_ = sys::MakeLinuxHost({});
};

constexpr char kRole[] = R"(file "/etc/motd" { content = host.labels.role or "none" })";

TEST_F(EvaluateTreeTest, EqualInputsAreNotEvaluatedAgain) {
  const policy::Tree tree = TreeOf(kRole);
  EXPECT_EQ(Motd(tree, {"web1", {"role=web"}}), "web");
  // Another catalog under the key that was made: who takes it has not evaluated.
  const auto key = Digest::FromRaw(Slurp(path_).substr(kMagicBytes, kKeyBytes));
  ASSERT_TRUE(key.ok());
  auto planted = cache_.Load(*key);
  ASSERT_TRUE(planted.has_value());
  planted->catalog.resources.front().attributes.Set("content", "planted");
  cache_.Store(*key, planted->catalog);
  EXPECT_EQ(Motd(tree, {"web1", {"role=web"}}), "planted");
  // Whatever differs is evaluated.
  EXPECT_EQ(Motd(tree, {"web1", {"role=db"}}), "db");
  cache_.Store(*key, planted->catalog);
  EXPECT_EQ(Motd(tree, {"web2", {"role=web"}}), "web");
  cache_.Store(*key, planted->catalog);
  EXPECT_EQ(Motd(TreeOf(std::string(kRole) + " "), {"web1", {"role=web"}}), "web");
  cache_.Store(*key, planted->catalog);
  EXPECT_EQ(Motd(tree, {"web1", {"role=web"}}), "planted");
}

TEST_F(EvaluateTreeTest, ATreeWithProblemsLeavesNothing) {
  EXPECT_FALSE(EvaluateTree(TreeOf("nonsense()"), {"web1", {}}, *host_, &cache_).ok());
  EXPECT_EQ(EntryCount(), 0U);
}

TEST_F(EvaluateTreeTest, WhatIsDamagedIsEvaluatedAndReplaced) {
  const policy::Tree tree = TreeOf(kRole);
  EXPECT_EQ(Motd(tree, {"web1", {}}), "none");
  const std::string good = Slurp(path_);
  Write(path_, good.substr(0, good.size() - 1));
  EXPECT_EQ(Motd(tree, {"web1", {}}), "none");
  EXPECT_EQ(Slurp(path_), good);
}

}  // namespace
}  // namespace fettle::cli
