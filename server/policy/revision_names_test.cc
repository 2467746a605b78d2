// SPDX-License-Identifier: Apache-2.0
#include "server/policy/revision_names.h"

#include "tests/server/store_fixture.h"

namespace fettle::server {
namespace {

using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;

class RevisionNamesTest : public StoreTest {
 protected:
  int64_t Resolve(const std::string& name) {
    const auto found = ResolveRevision(store().policy(), name);
    EXPECT_TRUE(found.ok()) << name << ": " << found.status();
    return found.ok() ? found->number : 0;
  }
};

TEST_F(RevisionNamesTest, ANumberAChannelOrTheBeginningOfADigestNamesARevision) {
  const RevisionRecord first = AddRevision("one");
  const RevisionRecord second = AddRevision("two");
  ASSERT_OK(store().policy().SetChannel({"production", first.id, 0, clock_.Now(), "user/ann"}));
  EXPECT_EQ(Resolve("r1"), 1);
  EXPECT_EQ(Resolve("r2"), 2);
  EXPECT_EQ(Resolve("production"), 1);
  EXPECT_EQ(Resolve(second.id.Hex()), 2);
  EXPECT_EQ(Resolve(second.id.Hex().substr(0, 6)), 2);
}

TEST_F(RevisionNamesTest, WhatNamesNoneIsSaid) {
  AddRevision("one");
  ASSERT_OK(store().policy().SetChannel({"empty", Digest{}, 0, clock_.Now(), "user/ann"}));
  const auto status = [&](const std::string& name) {
    return ResolveRevision(store().policy(), name).status();
  };
  EXPECT_THAT(status("r9"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("r9")));
  EXPECT_THAT(status("empty"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("points to no")));
  EXPECT_THAT(status("ab"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("at least 4")));
  EXPECT_THAT(status("staging"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"staging\"")));
  EXPECT_THAT(status(""), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(RevisionNamesTest, AChannelsNameIsPlainAndReadsAsNoRevision) {
  for (const char* good : {"production", "web-eu_1.2", "r", "rc1", "r1x"}) {
    EXPECT_THAT(CheckChannelName(good), fettle::testing::IsOk()) << good;
  }
  const std::string longest(65, 'a');
  for (const std::string& bad : {std::string(),
                                 std::string("r1"),
                                 std::string("Prod"),
                                 std::string("1a"),
                                 std::string("a b"),
                                 std::string("a/b"),
                                 longest}) {
    EXPECT_THAT(CheckChannelName(bad), StatusIs(absl::StatusCode::kInvalidArgument)) << bad;
  }
}

}  // namespace
}  // namespace fettle::server
