// SPDX-License-Identifier: Apache-2.0
#include "server/ca/server_certificate.h"

#include <filesystem>

#include "lib/pki/certificate_info.h"
#include "lib/pki/private_key.h"
#include "tests/server/data_dir_fixture.h"
#include "tests/support/status_matchers.h"

namespace fettle::server {
namespace {

using ::fettle::testing::IsOkAndHolds;

class ServerCertificateTest : public DataDirTest {
 protected:
  void SetUp() override {
    ASSERT_OK(data_.Make());
    auto made = pki::CertificateAuthority::Create("Test", absl::Hours(24 * 3650), clock_.Now());
    ASSERT_OK(made);
    authority_ = std::make_unique<pki::CertificateAuthority>(*std::move(made));
  }

  absl::StatusOr<bool> Ensure(std::vector<std::string> names = {"localhost", "127.0.0.1"}) {
    return EnsureServerCertificate(data_, *authority_, names, clock_.Now());
  }

  pki::CertificateInfo Present() {
    const auto info =
        pki::ParseCertificate(data_.Read(data_.Tls() + "/server.pem").value_or("none"));
    EXPECT_TRUE(info.ok()) << info.status();
    return info.ok() ? *info : pki::CertificateInfo();
  }

  DataDir data_{config_.data_dir};
  std::unique_ptr<pki::CertificateAuthority> authority_;
};

TEST_F(ServerCertificateTest, IsMadeOnceForExactlyTheNames) {
  EXPECT_THAT(Ensure(), IsOkAndHolds(true));
  EXPECT_THAT(Present().dns_sans, ::testing::ElementsAre("localhost"));
  EXPECT_THAT(Present().ip_sans, ::testing::ElementsAre("127.0.0.1"));
  EXPECT_THAT(Ensure(), IsOkAndHolds(false));
  EXPECT_THAT(Ensure({"127.0.0.1", "localhost"}), IsOkAndHolds(false));
}

TEST_F(ServerCertificateTest, IsMadeAnewWhenHalfItsLifeIsOver) {
  ASSERT_OK(Ensure().status());
  const std::string before = Present().serial;
  clock_.Advance(absl::Hours(24 * 44));
  EXPECT_THAT(Ensure(), IsOkAndHolds(false));
  clock_.Advance(absl::Hours(24 * 2));
  EXPECT_THAT(Ensure(), IsOkAndHolds(true));
  EXPECT_NE(Present().serial, before);
}

TEST_F(ServerCertificateTest, IsMadeAnewForOtherNamesAndWhenDamaged) {
  ASSERT_OK(Ensure().status());
  EXPECT_THAT(Ensure({"fettle.example.org"}), IsOkAndHolds(true));
  EXPECT_THAT(Present().dns_sans, ::testing::ElementsAre("fettle.example.org"));
  ASSERT_OK_AND_ASSIGN(const auto other, pki::PrivateKey::Generate());
  ASSERT_OK_AND_ASSIGN(const std::string pem, other.Pem());
  ASSERT_OK(data_.Write(data_.Tls() + "/server.key", pem, 0600));  // Not the certificate's.
  EXPECT_THAT(Ensure({"fettle.example.org"}), IsOkAndHolds(true));
  EXPECT_THAT(Ensure({"fettle.example.org"}), IsOkAndHolds(false));
}

TEST_F(ServerCertificateTest, LeavesNoOldOnesBehind) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(Ensure({"host" + std::to_string(i)}).status());
  }
  int folders = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data_.path())) {
    folders += entry.is_directory() && !entry.is_symlink() ? 1 : 0;
  }
  EXPECT_EQ(folders, 1);
}

TEST_F(ServerCertificateTest, CarriesTheAuthorityForThoseWhoKnowItsFingerprint) {
  ASSERT_OK(Ensure().status());
  ASSERT_OK_AND_ASSIGN(const std::string chain, data_.Read(data_.Tls() + "/server.pem"));
  EXPECT_THAT(chain, ::testing::EndsWith(authority_->certificate_pem()));
}

}  // namespace
}  // namespace fettle::server
