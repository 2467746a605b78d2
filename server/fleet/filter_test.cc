// SPDX-License-Identifier: Apache-2.0
#include "server/fleet/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle::server {
namespace {

using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;

HostView Web1() {
  HostView host;
  host.record.name = "web1";
  host.record.channel = "production";
  host.record.labels = {{"role", "web"}, {"zone", "eu-1"}};
  host.record.os = "debian 12";
  host.record.revision = "r3";
  host.record.counts.ok = 7;
  host.record.counts.failed = 1;
  host.record.counts.blocked = 1;
  host.presence = Presence::kConnected;
  return host;
}

TEST(FilterTest, EveryTermMustHold) {
  struct Case {
    std::string filter;
    bool matches;
  };

  const Case cases[] = {
      {"", true},
      {"  ", true},
      {"web1", true},
      {"web", false},
      {"web*", true},
      {"w?b1", true},
      {"db1", false},
      {"role=web", true},
      {"role=db", false},
      {"role!=db", true},
      {"role!=web", false},
      {"zone=eu-*", true},
      {"missing=x", false},
      {"missing!=x", true},
      {"state=failed", true},
      {"state=ok", false},
      {"state!=ok", true},
      {"state=drifted", false},
      {"state=blocked", true},
      {"state=reverted", false},
      {"presence=connected", true},
      {"presence=silent", false},
      {"channel=production", true},
      {"channel!=production", false},
      {"revision=r3", true},
      {"revision=r2", false},
      {"os=debian", true},
      {"os=debian?12", true},
      {"os=fedora", false},
      {"web* role=web state=failed", true},
      {"web* role=web state=drifted", false},
      {"web*\trole=web", true},
  };
  for (const Case& one : cases) {
    ASSERT_OK_AND_ASSIGN(const Filter filter, Filter::Parse(one.filter));
    EXPECT_EQ(filter.Matches(Web1()), one.matches) << one.filter;
  }
}

TEST(FilterTest, AHostWhereAllRestsIsOkAndOneWithoutResourcesIsNot) {
  ASSERT_OK_AND_ASSIGN(const Filter filter, Filter::Parse("state=ok"));
  HostView host = Web1();
  host.record.counts.failed = 0;
  host.record.counts.blocked = 0;
  EXPECT_TRUE(filter.Matches(host));
  host.record.counts.ok = 0;
  EXPECT_FALSE(filter.Matches(host));
}

TEST(FilterTest, AnErrorNamesTheTermAndWhatIsKnown) {
  EXPECT_THAT(Filter::Parse("web* state=faild").status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       ::testing::AllOf(HasSubstr("\"state=faild\""), HasSubstr("\"failed\""))));
  EXPECT_THAT(Filter::Parse("presence=gone").status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("connected, silent, never")));
  EXPECT_THAT(Filter::Parse("=x").status(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Filter::Parse("role=").status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"role=\"")));
  EXPECT_THAT(Filter::Parse("!=x").status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(FilterTest, GlobsStandForAnyText) {
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_TRUE(GlobMatches("", ""));
  EXPECT_FALSE(GlobMatches("", "a"));
  EXPECT_FALSE(GlobMatches("?", ""));
  EXPECT_TRUE(GlobMatches("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(GlobMatches("a*b*c", "aXbYbZ"));
  EXPECT_TRUE(GlobMatches("**a", "bba"));
  EXPECT_TRUE(GlobMatches("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaab"));
  EXPECT_FALSE(GlobMatches("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

TEST(HostViewTest, PresenceFollowsTheLastHeartbeat) {
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  HostRecord host;
  host.last_seen = absl::InfinitePast();
  EXPECT_EQ(PresenceOf(host, now, absl::Minutes(1)), Presence::kNeverSeen);
  host.last_seen = now - absl::Minutes(3);
  EXPECT_EQ(PresenceOf(host, now, absl::Minutes(1)), Presence::kConnected);
  host.last_seen = now - absl::Seconds(181);
  EXPECT_EQ(PresenceOf(host, now, absl::Minutes(1)), Presence::kSilent);
  host.revoked = true;
  EXPECT_EQ(PresenceOf(host, now, absl::Minutes(1)), Presence::kRevoked);
}

TEST(HostViewTest, ARefusalCountsForTheAssignedRevisionAlone) {
  HostView host = Web1();
  host.record.refusal = "r4: signed by a stranger";
  host.assigned = "r4";
  EXPECT_EQ(RefusalOf(host), "signed by a stranger");
  host.assigned = "r5";
  EXPECT_EQ(RefusalOf(host), "");
  host.assigned = "r4";
  host.record.revision = "r4";
  EXPECT_EQ(RefusalOf(host), "");
  host.assigned = "";
  EXPECT_EQ(RefusalOf(host), "");
}

}  // namespace
}  // namespace fettle::server
