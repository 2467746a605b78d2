// SPDX-License-Identifier: Apache-2.0
#include "cli/client/credentials.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "lib/pki/certificate_authority.h"
#include "lib/pki/certificate_request.h"
#include "lib/pki/private_key.h"

namespace fettle::cli {
namespace {

constexpr absl::Duration kValidity = absl::Hours(24);

class CredentialsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/fettle-credentials-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
    folder_ = root_ + "/deep/fettle";
  }

  void TearDown() override { std::filesystem::remove_all(root_); }

  // Credentials as a login gives them, for the user "alice".
  Credentials Make() const {
    const auto authority = pki::CertificateAuthority::Create("Test CA", absl::Hours(48), now_);
    const auto key = pki::PrivateKey::Generate();
    pki::IssueRequest request;
    request.identity = {pki::Role::kUser, "alice"};
    request.csr_pem = *pki::MakeCertificateRequest(*key, "alice");
    request.validity = kValidity;
    request.now = now_;
    return {.server = "fettle.test:7440",
            .login_server = "fettle.test:7441",
            .key_pem = *key->Pem(),
            .certificate_pem = *authority->Issue(request),
            .ca_pem = authority->certificate_pem()};
  }

  const absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  std::string root_;
  std::string folder_;
};

TEST_F(CredentialsTest, WhatWasSavedIsLoaded) {
  const Credentials saved = Make();
  ASSERT_TRUE(SaveCredentials(folder_, saved).ok());
  const auto loaded = LoadCredentials(folder_, now_);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->server, saved.server);
  EXPECT_EQ(loaded->login_server, saved.login_server);
  EXPECT_EQ(loaded->key_pem, saved.key_pem);
  EXPECT_EQ(loaded->certificate_pem, saved.certificate_pem);
  EXPECT_EQ(loaded->ca_pem, saved.ca_pem);
  EXPECT_EQ(LoginOf(*loaded)->user, "alice");
  EXPECT_EQ(LoginOf(*loaded)->expires, now_ + kValidity);
}

TEST_F(CredentialsTest, WhoeverLogsInAgainHasTheNewCredentials) {
  ASSERT_TRUE(SaveCredentials(folder_, Make()).ok());
  const Credentials again = Make();
  const absl::Status saved = SaveCredentials(folder_, again);
  ASSERT_TRUE(saved.ok()) << saved;
  const auto loaded = LoadCredentials(folder_, now_);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->key_pem, again.key_pem);
}

TEST_F(CredentialsTest, NobodyElseMayReadTheKeyOrTheFolder) {
  ASSERT_TRUE(SaveCredentials(folder_, Make()).ok());

  struct stat found {};

  ASSERT_EQ(stat((folder_ + "/key.pem").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  ASSERT_EQ(stat(folder_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0700U);
}

TEST_F(CredentialsTest, AKeyThatOthersCanReadIsRefused) {
  ASSERT_TRUE(SaveCredentials(folder_, Make()).ok());
  ASSERT_EQ(chmod((folder_ + "/key.pem").c_str(), 0640), 0);
  const auto loaded = LoadCredentials(folder_, now_);
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_NE(Message(loaded.status()).find("chmod 600"), std::string_view::npos);
}

TEST_F(CredentialsTest, WithoutALoginTheErrorSaysHowToGetOne) {
  const auto loaded = LoadCredentials(folder_, now_);
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(Message(loaded.status()).find("fettle login --server"), std::string_view::npos);
}

TEST_F(CredentialsTest, AnExpiredCertificateSaysToLogInAgain) {
  ASSERT_TRUE(SaveCredentials(folder_, Make()).ok());
  const auto loaded = LoadCredentials(folder_, now_ + kValidity);
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(Message(loaded.status()).find("expired"), std::string_view::npos);
  EXPECT_NE(Message(loaded.status()).find("fettle login"), std::string_view::npos);
}

TEST_F(CredentialsTest, AKeyOfAnotherLoginIsRefused) {
  Credentials mixed = Make();
  mixed.key_pem = Make().key_pem;
  ASSERT_TRUE(SaveCredentials(folder_, mixed).ok());
  const auto loaded = LoadCredentials(folder_, now_);
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(Message(loaded.status()).find("do not belong together"), std::string_view::npos);
}

TEST(HostPartTest, TakesHostAndPortAndNothingElse) {
  EXPECT_EQ(*HostPart("fettle.test:7441"), "fettle.test");
  EXPECT_EQ(*HostPart("192.0.2.1:1"), "192.0.2.1");
  EXPECT_EQ(*HostPart("[2001:db8::1]:65535"), "[2001:db8::1]");
  for (const char* wrong :
       {"", "host", ":7441", "host:", "host:0", "host:65536", "host:x", "2001:db8::1"}) {
    EXPECT_FALSE(HostPart(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace fettle::cli
