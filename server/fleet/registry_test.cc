// SPDX-License-Identifier: Apache-2.0
#include "server/fleet/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle::server {
namespace {

using ::fettle::testing::IsOkAndHolds;
using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsNull;
using ::testing::SizeIs;

class FakeSession final : public Session {
 public:
  explicit FakeSession(std::string host) : host_(std::move(host)) {}

  const std::string& host() const override { return host_; }

  void Assign(const Assignment& /*assignment*/) override {}

  std::vector<Digest> SentRevisions() const override { return {}; }

  bool RequestRun(const std::string& /*id*/, const std::string& /*reason*/) override {
    return false;
  }

  bool Pause(absl::Duration /*span*/,
             const std::string& /*reason*/,
             const std::string& /*by*/) override {
    return false;
  }

  bool Ask(const v1::Task& /*task*/, const Digest* /*revision*/) override { return false; }

  void End(const absl::Status& /*why*/) override {}

  void Drain(absl::Duration /*reconnect_window*/) override {}

  void Tend() override {}

 private:
  std::string host_;
};

class RegistryTest : public ::testing::Test {
 protected:
  std::shared_ptr<Session> Open(const std::string& host) {
    auto session = std::make_shared<FakeSession>(host);
    registry_.Opened(session);
    return session;
  }

  SessionRegistry registry_;
};

TEST_F(RegistryTest, ASessionSpeaksForItsHostOnceItHasClaimedIt) {
  const auto session = Open("web1");
  EXPECT_THAT(registry_.Find("web1"), IsNull());
  EXPECT_THAT(registry_.Claim(session, "m1"), IsOkAndHolds(IsNull()));
  EXPECT_EQ(registry_.Find("web1"), session);
  EXPECT_EQ(registry_.Connected(), 1U);
  registry_.Closed(*session);
  EXPECT_THAT(registry_.Find("web1"), IsNull());
  EXPECT_THAT(registry_.All(), SizeIs(0));
}

TEST_F(RegistryTest, TheSameMachineTakesItsOwnPlaceAndTheOldOneClosesWithoutHarm) {
  const auto first = Open("web1");
  const auto second = Open("web1");
  ASSERT_OK(registry_.Claim(first, "m1").status());
  EXPECT_THAT(registry_.Claim(second, "m1"), IsOkAndHolds(first));
  registry_.Closed(*first);
  EXPECT_EQ(registry_.Find("web1"), second);
}

TEST_F(RegistryTest, AnotherMachineWithTheSameKeyIsRefused) {
  const auto first = Open("web1");
  const auto second = Open("web1");
  ASSERT_OK(registry_.Claim(first, "m1").status());
  EXPECT_THAT(registry_.Claim(second, "m2").status(),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("two hosts with one key")));
  EXPECT_EQ(registry_.Find("web1"), first);
  registry_.Closed(*first);
  EXPECT_THAT(registry_.Claim(second, "m2"), IsOkAndHolds(IsNull()));
}

TEST_F(RegistryTest, ADisownedHostHasNoSessionAndAllItsOpenOnesAreNamed) {
  const auto claimed = Open("web1");
  const auto unclaimed = Open("web1");
  const auto other = Open("web2");
  ASSERT_OK(registry_.Claim(claimed, "m1").status());
  ASSERT_OK(registry_.Claim(other, "m2").status());
  EXPECT_THAT(registry_.Disown("web1"), ::testing::UnorderedElementsAre(claimed, unclaimed));
  EXPECT_THAT(registry_.Find("web1"), IsNull());
  EXPECT_EQ(registry_.Find("web2"), other);
}

TEST_F(RegistryTest, ASessionThatIsOverClaimsNothing) {
  const auto session = Open("web1");
  registry_.Closed(*session);
  EXPECT_THAT(registry_.Claim(session, "m1").status(), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(registry_.Find("web1"), IsNull());
}

}  // namespace
}  // namespace fettle::server
