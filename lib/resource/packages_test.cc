// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/packages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::resource {
namespace {

TEST(PackagesTest, ChangesAreWhatCameWentAndIsOfAnotherVersion) {
  const PackageSet before{{"a", {"1", "amd64"}}, {"b", {"1", "all"}}, {"c", {"1", "amd64"}}};
  const PackageSet after{{"b", {"2", "all"}}, {"c", {"1", "amd64"}}, {"d", {"1", "i386"}}};
  const PackageReport report = PackageChanges(before, after);
  ASSERT_EQ(report.entries.size(), 3U);
  EXPECT_EQ(report.entries[0].name, "a");
  EXPECT_EQ(report.entries[0].version, PackageVersion());
  EXPECT_EQ(report.entries[1].name, "b");
  EXPECT_EQ(report.entries[1].version, (PackageVersion{"2", "all"}));
  EXPECT_EQ(report.entries[2].name, "d");
  EXPECT_FALSE(report.whole);
  EXPECT_TRUE(PackageChanges(after, after).entries.empty());
}

TEST(PackagesTest, TheDigestSeesNameVersionAndArchitecture) {
  const PackageSet one{{"a", {"1", "amd64"}}};
  EXPECT_EQ(PackageDigest(one), PackageDigest(PackageSet{{"a", {"1", "amd64"}}}));
  EXPECT_NE(PackageDigest(one), PackageDigest({{"b", {"1", "amd64"}}}));
  EXPECT_NE(PackageDigest(one), PackageDigest({{"a", {"2", "amd64"}}}));
  EXPECT_NE(PackageDigest(one), PackageDigest({{"a", {"1", "i386"}}}));
  EXPECT_NE(PackageDigest(one), PackageDigest({}));
}

}  // namespace
}  // namespace fettle::resource
