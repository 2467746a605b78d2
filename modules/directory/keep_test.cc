// SPDX-License-Identifier: Apache-2.0
#include "modules/directory/keep.h"

#include <gtest/gtest.h>

namespace fettle::modules {
namespace {

TEST(KeepTest, MatchesAsTheShellDoes) {
  const struct {
    const char* pattern;
    const char* text;
    bool matches;
  } kRows[] = {
      {"a", "a", true},
      {"a", "ab", false},
      {"*", "anything", true},
      {"*", "a/b", false},
      {"*.conf", "x.conf", true},
      {"*.conf", "x.conf.bak", false},
      {"a*b*c", "a-b-b-c", true},
      {"a*b*c", "a-c-b", false},
      {"?", "a", true},
      {"?", "/", false},
      {"d/*", "d/x", true},
      {"d/*", "d/x/y", false},
      {"*/x", "d/x", true},
      {"", "", true},
      {"", "a", false},
      {"[a]", "[a]", true},
      {"a**", "a", true},
  };

  for (const auto& row : kRows) {
    EXPECT_EQ(MatchesGlob(row.pattern, row.text), row.matches) << row.pattern << " " << row.text;
  }
}

TEST(KeepTest, KeepsWhatIsNamedAndLeadsToWhatIsBelow) {
  const KeepList keep({"a.conf", "sub/deep/x", "*.d/y"});
  EXPECT_TRUE(keep.Keeps("a.conf"));
  EXPECT_FALSE(keep.Keeps("b.conf"));
  EXPECT_TRUE(keep.LeadsToKept("sub"));
  EXPECT_TRUE(keep.LeadsToKept("sub/deep"));
  EXPECT_TRUE(keep.LeadsToKept("some.d"));
  EXPECT_FALSE(keep.LeadsToKept("sub/deep/x"));
  EXPECT_FALSE(keep.LeadsToKept("other"));
  EXPECT_FALSE(keep.LeadsToKept("a.conf"));
}

TEST(KeepTest, ANameThatEndsWithASlashStandsForAllBelow) {
  const KeepList keep({"sub/own/", "*.d/"});
  for (const char* const name : {"sub/own", "sub/own/a", "sub/own/a/b", "x.d", "x.d/a"}) {
    EXPECT_TRUE(keep.Keeps(name)) << name;
  }
  for (const char* const name : {"sub", "sub/owner", "sub/other/own", "a/x.d"}) {
    EXPECT_FALSE(keep.Keeps(name)) << name;
  }
  EXPECT_TRUE(keep.LeadsToKept("sub"));
}

TEST(KeepTest, LeavesPackageManagersAlone) {
  const KeepList keep({});
  for (const char* const name : {"x.dpkg-new", "d/x.dpkg-old", "x.ucf-dist", ".fettle-00ff.tmp~"}) {
    EXPECT_TRUE(keep.Keeps(name)) << name;
  }
  for (const char* const name : {"dpkg-new", "x.bak", ".fettle-00ff"}) {
    EXPECT_FALSE(keep.Keeps(name)) << name;
  }
}

}  // namespace
}  // namespace fettle::modules
