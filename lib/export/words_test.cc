// SPDX-License-Identifier: Apache-2.0
#include "lib/export/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::exports {
namespace {

using ::testing::MatchesRegex;

TEST(ComplianceWordsTest, AUuidFollowsFromItsPartsAndNothingElse) {
  const std::string id = StableUuid({"finding", "A", "web1"});
  EXPECT_THAT(id,
              MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_EQ(id, StableUuid({"finding", "A", "web1"}));
  EXPECT_NE(id, StableUuid({"finding", "Aweb1"}));
  EXPECT_NE(id, StableUuid({"finding", "A\n4:web1"}));
  EXPECT_EQ(id, "5ab1a6a6-3e56-5e23-bf15-75bbc4f7d91c")
      << "who keeps these would see another thing";
}

TEST(ComplianceWordsTest, ATokenIsAnXmlNameAndNoTwoNamesShareOne) {
  for (const char* const plain : {"CIS-5.2.8", "_a", "web1.example.org"}) {
    EXPECT_EQ(TokenOf(plain), plain);
  }
  EXPECT_THAT(TokenOf("5.2.8"), MatchesRegex("_5\\.2\\.8_[0-9a-f]{8}"));
  EXPECT_THAT(TokenOf("own: é"), MatchesRegex("own____+_[0-9a-f]{8}"));
  EXPECT_NE(TokenOf("a b"), TokenOf("a:b"));
  EXPECT_THAT(TokenOf(""), MatchesRegex("__[0-9a-f]{8}"));
}

TEST(ComplianceWordsTest, APlaceHasALineWhereOneIsSaid) {
  EXPECT_EQ(PlaceOf("recipes/a/init.lua:12").path, "recipes/a/init.lua");
  EXPECT_EQ(PlaceOf("recipes/a/init.lua:12").line, 12);
  for (const char* const none : {"recipes/a:b", "recipes/a:0", "recipes/a"}) {
    EXPECT_EQ(PlaceOf(none).path, none);
    EXPECT_EQ(PlaceOf(none).line, 0);
  }
  EXPECT_EQ(PlaceOf("").path, "");
}

TEST(ComplianceWordsTest, APathIsNoUriAsItStands) {
  EXPECT_EQ(UriOfPath("recipes/a b/é?#%.lua"), "recipes/a%20b/%C3%A9%3F%23%25.lua");
}

TEST(ComplianceWordsTest, WhatXmlCannotSayIsReplaced) {
  EXPECT_EQ(MarkupText("a\x1b<&>\"'\xef\xbf\xbf\xef\xbf\xbd"),
            "a?&lt;&amp;&gt;&quot;&#39;?\xef\xbf\xbd");
}

}  // namespace
}  // namespace fettle::exports
