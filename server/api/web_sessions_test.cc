// SPDX-License-Identifier: Apache-2.0
#include "server/api/web_sessions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/local_callers.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace fettle::server {
namespace {

using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;

class WebSessionsTest : public ::testing::Test {
 protected:
  Peer Ann() const { return {{pki::Role::kUser, "ann"}, "0a", clock_.Now() + absl::Hours(24)}; }

  testing::FakeClock clock_;
  WebSessions sessions_{clock_};
};

TEST_F(WebSessionsTest, ATokenOpensOneSessionForWhoAskedForIt) {
  const auto ticket = sessions_.Offer(Ann(), absl::Minutes(5));
  ASSERT_OK_AND_ASSIGN(const auto opened, sessions_.Open(ticket.token));
  EXPECT_EQ(opened.session.expires, clock_.Now() + WebSessions::kSession);
  const auto found = sessions_.Find(opened.cookie);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->peer.Who(), "user/ann");
  EXPECT_EQ(found->peer.serial, "0a");
  EXPECT_THAT(sessions_.Open(ticket.token).status(),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("fettle console")));
}

TEST_F(WebSessionsTest, ATokenIsGoodForItsTimeOnly) {
  const auto ticket = sessions_.Offer(Ann(), absl::Minutes(5));
  clock_.Advance(absl::Minutes(5));
  EXPECT_THAT(sessions_.Open(ticket.token).status(), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(sessions_.Open("").status(), StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(WebSessionsTest, ASessionEndsByItselfByLogOutAndWithItsCertificate) {
  ASSERT_OK_AND_ASSIGN(const auto one,
                       sessions_.Open(sessions_.Offer(Ann(), absl::Minutes(5)).token));
  ASSERT_OK_AND_ASSIGN(const auto two,
                       sessions_.Open(sessions_.Offer(Ann(), absl::Minutes(5)).token));
  Peer short_lived = Ann();
  short_lived.expires = clock_.Now() + absl::Hours(1);
  ASSERT_OK_AND_ASSIGN(const auto three,
                       sessions_.Open(sessions_.Offer(short_lived, absl::Minutes(5)).token));
  sessions_.Close(one.cookie);
  EXPECT_FALSE(sessions_.Find(one.cookie).has_value());
  EXPECT_EQ(sessions_.Count(), 2U);
  clock_.Advance(absl::Hours(1));
  EXPECT_FALSE(sessions_.Find(three.cookie).has_value());
  EXPECT_TRUE(sessions_.Find(two.cookie).has_value());
  clock_.Advance(WebSessions::kSession);
  EXPECT_FALSE(sessions_.Find(two.cookie).has_value());
}

TEST_F(WebSessionsTest, OfOnePersonsTokensAndSessionsTheOldestGoes) {
  const auto first = sessions_.Offer(Ann(), absl::Minutes(5));
  for (std::size_t i = 0; i < WebSessions::kMostOfOne; ++i) {
    clock_.Advance(absl::Seconds(1));
    ASSERT_OK(sessions_.Open(sessions_.Offer(Ann(), absl::Minutes(5)).token).status());
  }
  EXPECT_EQ(sessions_.Count(), WebSessions::kMostOfOne);
  ASSERT_OK(sessions_.Open(first.token).status());
  EXPECT_EQ(sessions_.Count(), WebSessions::kMostOfOne);
}

TEST_F(WebSessionsTest, ALocalCallerIsKnownWhileItsCallLasts) {
  LocalCallers callers;
  std::string id;
  {
    const LocalCallers::Entry entry(callers, Ann());
    id = entry.id();
    ASSERT_TRUE(callers.Find(id).has_value());
    EXPECT_EQ(callers.Find(id)->Who(), "user/ann");
  }
  EXPECT_FALSE(callers.Find(id).has_value());
  EXPECT_FALSE(callers.Find("").has_value());
}

}  // namespace
}  // namespace fettle::server
