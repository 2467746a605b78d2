// SPDX-License-Identifier: Apache-2.0
#include "server/api/fleet_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle::server {
namespace {

using ::fettle::testing::IsOk;
using ::fettle::testing::IsOkAndHolds;
using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

absl::StatusOr<TokenRecord> Token(const v1::CreateTokenRequest& request) {
  return TokenFor(request, "production", "user/ann", kNow);
}

v1::CreateTokenRequest Asking(v1::Subject subject, const std::string& name) {
  v1::CreateTokenRequest request;
  request.set_subject(subject);
  request.set_name(name);
  return request;
}

TEST(FleetRequestsTest, AHostsTokenIsGoodOnceForAnHourAndTheDefaultChannel) {
  ASSERT_OK_AND_ASSIGN(const TokenRecord token, Token(Asking(v1::SUBJECT_HOST, "")));
  EXPECT_EQ(token.uses_left, 1U);
  EXPECT_EQ(token.expires, kNow + absl::Hours(1));
  EXPECT_EQ(token.channel, "production");
  EXPECT_EQ(token.role, "");
  EXPECT_EQ(token.created_by, "user/ann");
}

TEST(FleetRequestsTest, AUsersTokenSaysWhoAndMakesAnAdministratorUnlessToldOtherwise) {
  ASSERT_OK_AND_ASSIGN(const TokenRecord admin, Token(Asking(v1::SUBJECT_USER, "bob")));
  EXPECT_EQ(admin.role, "admin");
  EXPECT_EQ(admin.channel, "");
  v1::CreateTokenRequest viewer = Asking(v1::SUBJECT_USER, "bob");
  viewer.set_role("viewer");
  ASSERT_OK_AND_ASSIGN(const TokenRecord token, Token(viewer));
  EXPECT_EQ(token.role, "viewer");
}

TEST(FleetRequestsTest, AWrongTokenIsRefusedWithTheReason) {
  EXPECT_THAT(Token(Asking(v1::SUBJECT_UNSPECIFIED, "x")),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Token(Asking(v1::SUBJECT_USER, "")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("user's name")));
  EXPECT_THAT(Token(Asking(v1::SUBJECT_HOST, "a b")), StatusIs(absl::StatusCode::kInvalidArgument));
  v1::CreateTokenRequest role = Asking(v1::SUBJECT_USER, "bob");
  role.set_role("root");
  EXPECT_THAT(Token(role), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"root\"")));
  v1::CreateTokenRequest host = Asking(v1::SUBJECT_HOST, "web1");
  host.set_role("admin");
  EXPECT_THAT(Token(host), StatusIs(absl::StatusCode::kInvalidArgument));
  v1::CreateTokenRequest user = Asking(v1::SUBJECT_USER, "bob");
  user.set_channel("staging");
  EXPECT_THAT(Token(user), StatusIs(absl::StatusCode::kInvalidArgument));
  v1::CreateTokenRequest forever = Asking(v1::SUBJECT_HOST, "web1");
  forever.set_valid_seconds(2'000'000'000);
  EXPECT_THAT(Token(forever), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("days")));
}

TEST(FleetRequestsTest, LabelsAreTakenAwayThenSet) {
  v1::UpdateHostRequest request;
  request.set_name("web1");
  request.add_remove_labels("a");
  (*request.mutable_set_labels())["a"] = "2";
  (*request.mutable_set_labels())["b"] = "3";
  EXPECT_THAT(ChangeLabels({{"a", "1"}, {"c", "4"}}, request),
              IsOkAndHolds(Labels{{"a", "2"}, {"b", "3"}, {"c", "4"}}));
  EXPECT_THAT(ChangeLabels({}, request),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no label \"a\"")));
}

TEST(FleetRequestsTest, ALabelIsPlain) {
  EXPECT_THAT(CheckLabel("team/role", "web:1"), IsOk());
  EXPECT_THAT(CheckLabel("state", "x"), IsOk());
  EXPECT_THAT(CheckLabel("", "x"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckLabel("a b", "x"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckLabel("a", ""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckLabel("a", "x y"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckLabel("a", "\x1f"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckLabel("a", std::string(256, 'x')), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace fettle::server
