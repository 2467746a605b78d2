// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/enrol_token.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/pki/identity.h"
#include "tests/support/status_matchers.h"

namespace fettle::pki {
namespace {

using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(EnrolTokenTest, ReadsBackWhatItWrote) {
  const EnrolToken token = EnrolToken::Create(Sha256("authority"));
  EXPECT_THAT(token.Text(), StartsWith("fettle1."));
  ASSERT_OK_AND_ASSIGN(const EnrolToken back, EnrolToken::Parse(" " + token.Text() + "\n"));
  EXPECT_EQ(back.secret, token.secret);
  EXPECT_EQ(back.ca_fingerprint, Sha256("authority"));
  EXPECT_EQ(back.SecretHash(), Sha256(token.secret));
}

TEST(EnrolTokenTest, NoTwoHaveTheSameSecret) {
  EXPECT_NE(EnrolToken::Create({}).secret, EnrolToken::Create({}).secret);
  EXPECT_EQ(EnrolToken::Create({}).secret.size(), 32U);
}

TEST(EnrolTokenTest, SaysWhichPartIsWrongWithoutShowingTheSecret) {
  const std::string text = EnrolToken::Create(Sha256("authority")).Text();
  const std::string secret = text.substr(8, 43);
  const std::string pin = text.substr(52);
  const std::pair<std::string, const char*> table[] = {
      {"", "must begin"},
      {"fettle2." + secret + "." + pin, "must begin"},
      {"fettle1." + secret, "2 parts"},
      {text + ".x", "4 parts"},
      {"fettle1." + secret.substr(1) + "." + pin, "second part"},
      {"fettle1." + secret + "A." + pin, "second part"},
      {"fettle1.." + pin, "second part"},
      {text.substr(0, text.size() - 1), "third part"},
      {"fettle1." + secret + ".zz" + pin.substr(2), "third part"},
  };
  for (const auto& [bad, why] : table) {
    EXPECT_THAT(EnrolToken::Parse(bad), StatusIs(kInvalid, HasSubstr(why))) << bad;
    EXPECT_THAT(EnrolToken::Parse(bad), StatusIs(kInvalid, Not(HasSubstr(secret.substr(1)))))
        << bad;
  }
}

TEST(EnrolTokenTest, RefusesEveryTruncation) {
  const std::string text = EnrolToken::Create(Sha256("authority")).Text();
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_THAT(EnrolToken::Parse(text.substr(0, i)), StatusIs(kInvalid)) << i;
  }
}

TEST(IdentityTest, ReadsBackTheUriOfEveryRole) {
  for (const char* uri : {"fettle://host/web1.example.com",
                          "fettle://user/alice@example.com",
                          "fettle://server/s_1"}) {
    ASSERT_OK_AND_ASSIGN(const Identity identity, Identity::FromUri(uri));
    EXPECT_EQ(identity.Uri(), uri);
  }
  EXPECT_EQ(Identity::FromUri("fettle://user/bob")->role, Role::kUser);
}

TEST(IdentityTest, RefusesUrisThatNameNobody) {
  for (const char* bad : {"",
                          "fettle://host/",
                          "fettle://host",
                          "fettle://hosts/web1",
                          "http://host/web1",
                          "Fettle://host/web1",
                          "fettle://host/a/b",
                          "fettle://host/../etc",
                          "fettle://host/-rf",
                          "fettle://host/a b",
                          "fettle://host/a%20b",
                          "fettle://host/w\xC3\xA9"
                          "b"}) {
    EXPECT_THAT(Identity::FromUri(bad), StatusIs(kInvalid)) << bad;
  }
  EXPECT_OK(Identity::Of(Role::kHost, std::string(253, 'a')));
  EXPECT_THAT(Identity::Of(Role::kHost, std::string(254, 'a')), StatusIs(kInvalid));
  EXPECT_THAT(Identity::Of(Role::kHost, std::string_view("a\0b", 3)), StatusIs(kInvalid));
}

}  // namespace
}  // namespace fettle::pki
