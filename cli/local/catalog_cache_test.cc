// SPDX-License-Identifier: Apache-2.0
#include "cli/local/catalog_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "lib/sys/temp_dir_for_test.h"

namespace fettle::cli {
namespace {

using resource::Value;

resource::Catalog Motd() {
  resource::Catalog catalog;
  catalog.host = "web1";
  resource::Declaration motd;
  motd.type = "file";
  motd.name = "/etc/motd";
  motd.attributes.Set("content", "hello");
  catalog.resources.push_back(motd);
  return catalog;
}

class CatalogCacheTest : public sys::TempDirTest {
 protected:
  // What is kept under `key`, if its digest is right as well.
  std::optional<resource::Catalog> Load(const Digest& key) const {
    auto kept = cache_.Load(key);
    if (!kept.has_value()) {
      return std::nullopt;
    }
    EXPECT_EQ(kept->digest, resource::CatalogDigest(kept->catalog));
    return std::move(kept->catalog);
  }

  const Digest key_ = Sha256("inputs");
  const std::string path_ = Path("catalog");
  const CatalogCache cache_{path_, CatalogCache::Mode::kReadAndWrite};
};

TEST_F(CatalogCacheTest, GivesBackWhatWasStoredUnderTheKeyAlone) {
  EXPECT_EQ(Load(key_), std::nullopt);
  cache_.Store(key_, Motd());
  EXPECT_EQ(Load(key_), Motd());
  EXPECT_EQ(Load(Sha256("other inputs")), std::nullopt);
  EXPECT_EQ(CatalogCache(path_, CatalogCache::Mode::kRead).Load(key_)->catalog, Motd());

  struct stat info {};

  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(CatalogCacheTest, TheLastOneStands) {
  cache_.Store(key_, Motd());
  resource::Catalog next = Motd();
  next.resources.front().attributes.Set("content", "bye");
  cache_.Store(Sha256("next"), next);
  EXPECT_EQ(Load(key_), std::nullopt);
  EXPECT_EQ(Load(Sha256("next")), next);
  EXPECT_EQ(EntryCount(), 1U);
}

TEST_F(CatalogCacheTest, ReadingAloneWritesNothing) {
  CatalogCache(path_, CatalogCache::Mode::kRead).Store(key_, Motd());
  EXPECT_EQ(EntryCount(), 0U);
}

TEST_F(CatalogCacheTest, WhatIsDamagedAnywhereIsNotTaken) {
  cache_.Store(key_, Motd());
  const std::string good = Slurp(path_);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    Write(path_, bad);
    EXPECT_EQ(Load(key_), std::nullopt) << "byte " << i;
    Write(path_, good.substr(0, i));
    EXPECT_EQ(Load(key_), std::nullopt) << "cut at " << i;
  }
  Write(path_, good + "x");
  EXPECT_EQ(Load(key_), std::nullopt);
  Write(path_, good);
  EXPECT_EQ(Load(key_), Motd());
}

TEST_F(CatalogCacheTest, WhatOthersCouldHaveWrittenIsNotTaken) {
  cache_.Store(key_, Motd());
  ASSERT_EQ(chmod(path_.c_str(), 0620), 0);
  EXPECT_EQ(Load(key_), std::nullopt);
  ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  ASSERT_EQ(rename(path_.c_str(), Path("elsewhere").c_str()), 0);
  ASSERT_EQ(symlink("elsewhere", path_.c_str()), 0);
  EXPECT_EQ(Load(key_), std::nullopt);
  if (geteuid() == 0) {
    ASSERT_EQ(unlink(path_.c_str()), 0);
    cache_.Store(key_, Motd());
    ASSERT_EQ(chown(path_.c_str(), 65534, 65534), 0);
    EXPECT_EQ(Load(key_), std::nullopt);
  }
}

TEST_F(CatalogCacheTest, SecretsAreNotKept) {
  resource::Catalog secret = Motd();
  secret.resources.front().attributes.Set("content", Value::Secret("hunter2"));
  cache_.Store(key_, secret);
  resource::Catalog sensitive = Motd();
  sensitive.resources.front().sensitive = true;
  cache_.Store(key_, sensitive);
  resource::Catalog never_shown = Motd();
  resource::Declaration user;
  user.type = "user";
  user.name = "web";
  user.attributes.Set("password_hash", "$6$x$y");
  never_shown.resources.push_back(user);
  cache_.Store(key_, never_shown);
  resource::Catalog unknown = Motd();
  unknown.resources.front().type = "nothing-known";
  cache_.Store(key_, unknown);
  EXPECT_EQ(EntryCount(), 0U);
}

TEST(BuildDigestTest, IsKnownAndStaysTheSame) {
  const auto digest = BuildDigest();
  ASSERT_TRUE(digest.has_value());
  EXPECT_EQ(BuildDigest(), digest);
}

}  // namespace
}  // namespace fettle::cli
