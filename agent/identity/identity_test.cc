// SPDX-License-Identifier: Apache-2.0
#include "agent/identity/identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/config/config.h"
#include "agent/identity/enroll.h"
#include "agent/identity/renewal.h"
#include "lib/pki/certificate_authority.h"
#include "lib/pki/certificate_request.h"
#include "lib/pki/enrol_token.h"
#include "tests/support/fake_host.h"
#include "tests/support/status_matchers.h"

namespace fettle::agent {
namespace {

using fettle::testing::FakeHost;
using fettle::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kFolder[] = "/etc/fettle/agent";
constexpr char kKeys[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ann\n";

class IdentityTest : public ::testing::Test {
 protected:
  IdentityTest() : now_(host_.clock().Now()), ca_(NewAuthority()) {
    EXPECT_OK(host_.write_files().Replace("/tmp/keys", kKeys, {}));
  }

  pki::CertificateAuthority NewAuthority() const {
    auto ca = pki::CertificateAuthority::Create("Fettle CA", absl::Hours(10000), now_);
    EXPECT_OK(ca);
    return *std::move(ca);
  }

  std::string Issue(const pki::CertificateAuthority& ca,
                    const std::string& request,
                    const std::string& name) const {
    pki::IssueRequest issue;
    issue.identity = {pki::Role::kHost, name};
    issue.csr_pem = request;
    issue.common_name = name;
    issue.validity = absl::Hours(72);
    issue.now = host_.clock().Now();
    auto pem = ca.Issue(issue);
    EXPECT_OK(pem);
    return *std::move(pem);
  }

  Asker Server() {
    return [this](const link::EnrollmentQuestion& question) {
      ++asked_;
      return absl::StatusOr<link::EnrollmentAnswer>(
          {question.name,
           Issue(ca_, question.certificate_request, question.name),
           ca_.certificate_pem()});
    };
  }

  EnrollOptions Options() const {
    EnrollOptions options;
    options.server = "fettle.example.org:7441";
    options.token = pki::EnrolToken::Create(ca_.info().fingerprint).Text();
    options.name = "web1";
    options.trust_keys = "/tmp/keys";
    return options;
  }

  std::string Read(const std::string& name) const {
    return host_.files().Read(std::string(kFolder) + "/" + name, 1 << 20).value_or("");
  }

  mutable FakeHost host_;
  absl::Time now_;
  pki::CertificateAuthority ca_;
  int asked_ = 0;
};

TEST_F(IdentityTest, EnrolsWritesEverythingAndTellsWhatItDid) {
  ASSERT_OK_AND_ASSIGN(const std::string summary,
                       Enroll(Options(), Server(), host_, kFolder, now_));
  EXPECT_THAT(summary, HasSubstr("web1 is enrolled with fettle.example.org:7440"));
  ASSERT_OK_AND_ASSIGN(const HostIdentity identity, IdentityFiles(kFolder, host_).Load());
  EXPECT_EQ(identity.name, "web1");
  ASSERT_OK_AND_ASSIGN(const Config config, ParseConfig(Read("agent.toml"), "agent.toml"));
  EXPECT_EQ(config.server, "fettle.example.org:7440");
  EXPECT_EQ(Read("trusted_keys"), kKeys);
  ASSERT_OK_AND_ASSIGN(const sys::FileStat key,
                       host_.files().Stat(std::string(kFolder) + "/key.pem"));
  EXPECT_EQ(key.mode, 0600U);
}

TEST_F(IdentityTest, SaysThatNothingWillBeAppliedWithoutATrustedKey) {
  EnrollOptions options = Options();
  options.trust_keys.clear();
  EXPECT_THAT(Enroll(options, Server(), host_, kFolder, now_),
              fettle::testing::IsOkAndHolds(HasSubstr("nothing will be applied")));
}

TEST_F(IdentityTest, ReplacesAnIdentityOnlyWhenForced) {
  EnrollOptions options = Options();
  ASSERT_OK(Enroll(options, Server(), host_, kFolder, now_));
  const std::string before = Read("key.pem");
  EXPECT_THAT(Enroll(options, Server(), host_, kFolder, now_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("--force")));
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(Read("key.pem"), before);
  options.force = true;
  ASSERT_OK(Enroll(options, Server(), host_, kFolder, now_));
  EXPECT_NE(Read("key.pem"), before);
}

TEST_F(IdentityTest, BelievesNoAuthorityButTheTokens) {
  const pki::CertificateAuthority other = NewAuthority();
  const Asker liar = [&](const link::EnrollmentQuestion& question) {
    return absl::StatusOr<link::EnrollmentAnswer>(
        {question.name,
         Issue(other, question.certificate_request, question.name),
         other.certificate_pem()});
  };
  EXPECT_THAT(Enroll(Options(), liar, host_, kFolder, now_),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("authority")));
  EXPECT_FALSE(IdentityFiles(kFolder, host_).Exists());
}

TEST_F(IdentityTest, TakesNoCertificateForAnotherName) {
  const Asker liar = [&](const link::EnrollmentQuestion& question) {
    return absl::StatusOr<link::EnrollmentAnswer>(
        {"db1", Issue(ca_, question.certificate_request, "db1"), ca_.certificate_pem()});
  };
  EXPECT_THAT(Enroll(Options(), liar, host_, kFolder, now_),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("db1")));
}

TEST_F(IdentityTest, AsksNobodyWithABadTokenOrAddressOrKeys) {
  EnrollOptions options = Options();
  options.token = "fettle1.rubbish";
  EXPECT_THAT(Enroll(options, Server(), host_, kFolder, now_),
              StatusIs(absl::StatusCode::kInvalidArgument));
  options = Options();
  options.server = "fettle.example.org";
  EXPECT_THAT(Enroll(options, Server(), host_, kFolder, now_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("HOST:7441")));
  options = Options();
  ASSERT_OK(host_.write_files().Replace("/tmp/empty", "# none\n", {}));
  options.trust_keys = "/tmp/empty";
  EXPECT_THAT(Enroll(options, Server(), host_, kFolder, now_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no SSH public key")));
  EXPECT_EQ(asked_, 0);
}

class RenewalTest : public IdentityTest {
 protected:
  RenewalTest() : files_(kFolder, host_) {
    EXPECT_OK(Enroll(Options(), Server(), host_, kFolder, now_));
  }

  Renewal Make() {
    auto identity = files_.Load();
    EXPECT_OK(identity);
    return {files_, *std::move(identity)};
  }

  IdentityFiles files_;
};

TEST_F(RenewalTest, TheKeyOfReportsIsMadeOnceAndOutlivesCertificates) {
  ASSERT_OK_AND_ASSIGN(const pki::SigningKey key, files_.ReportKey());
  Renewal renewal = Make();
  ASSERT_OK_AND_ASSIGN(const std::string request, renewal.Begin(now_));
  ASSERT_OK(renewal.Finish({Issue(ca_, request, "web1"), ca_.certificate_pem()}, now_));
  ASSERT_OK_AND_ASSIGN(const pki::SigningKey again, files_.ReportKey());
  EXPECT_EQ(*again.RawPublic(), *key.RawPublic());
}

TEST_F(RenewalTest, ADamagedKeyOfReportsIsPutAsideAndAnotherMade) {
  ASSERT_OK_AND_ASSIGN(const pki::SigningKey key, files_.ReportKey());
  ASSERT_OK(files_.Write("report-key.pem", "rubbish", 0600));
  ASSERT_OK_AND_ASSIGN(const pki::SigningKey other, files_.ReportKey());
  EXPECT_NE(*other.RawPublic(), *key.RawPublic());
  EXPECT_EQ(Read("report-key.pem.damaged"), "rubbish");
  ASSERT_OK_AND_ASSIGN(const pki::SigningKey again, files_.ReportKey());
  EXPECT_EQ(*again.RawPublic(), *other.RawPublic());
}

TEST_F(RenewalTest, IsDueAtHalfTheLifeOfTheCertificate) {
  const Renewal renewal = Make();
  EXPECT_FALSE(renewal.Due(now_ + absl::Hours(35)));
  EXPECT_TRUE(renewal.Due(now_ + absl::Hours(37)));
}

TEST_F(RenewalTest, TakesOverANewKeyAndCertificate) {
  Renewal renewal = Make();
  const std::string old_key = renewal.identity().private_key;
  host_.clock().Advance(absl::Hours(40));
  ASSERT_OK_AND_ASSIGN(const std::string request, renewal.Begin(host_.clock().Now()));
  EXPECT_FALSE(renewal.Due(host_.clock().Now() + absl::Hours(1)));
  EXPECT_TRUE(renewal.Due(host_.clock().Now() + absl::Hours(4)));
  ASSERT_OK(
      renewal.Finish({Issue(ca_, request, "web1"), ca_.certificate_pem()}, host_.clock().Now()));
  EXPECT_NE(renewal.identity().private_key, old_key);
  EXPECT_FALSE(renewal.Due(host_.clock().Now()));
  EXPECT_EQ(Read("key.pem"), renewal.identity().private_key);
  EXPECT_EQ(Read("next-key.pem"), "");
}

TEST_F(RenewalTest, KeepsTheOldOneWhenTheAnswerIsNotGood) {
  Renewal renewal = Make();
  const std::string old_certificate = Read("host.crt");
  const pki::CertificateAuthority other = NewAuthority();
  ASSERT_OK_AND_ASSIGN(const std::string request, renewal.Begin(now_));
  EXPECT_THAT(renewal.Finish({Issue(other, request, "web1"), other.certificate_pem()}, now_),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(renewal.Finish({Issue(ca_, request, "db1"), ca_.certificate_pem()}, now_),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("db1")));
  EXPECT_THAT(renewal.Finish({"rubbish", ""}, now_), Not(fettle::testing::IsOk()));
  EXPECT_EQ(Read("host.crt"), old_certificate);
  ASSERT_OK(files_.Load());
}

TEST_F(RenewalTest, FinishesWhatWasInterruptedBetweenCertificateAndKey) {
  Renewal renewal = Make();
  ASSERT_OK_AND_ASSIGN(const std::string request, renewal.Begin(now_));
  const std::string next_key = Read("next-key.pem");
  ASSERT_OK(files_.Write("host.crt", Issue(ca_, request, "web1"), 0644));
  ASSERT_OK_AND_ASSIGN(const HostIdentity identity, files_.Load());
  EXPECT_EQ(identity.private_key, next_key);
  EXPECT_EQ(Read("key.pem"), next_key);
}

TEST_F(RenewalTest, AnInterruptedRequestLeavesTheOldIdentity) {
  Renewal renewal = Make();
  const std::string key = Read("key.pem");
  ASSERT_OK(renewal.Begin(now_));
  ASSERT_OK_AND_ASSIGN(const HostIdentity identity, files_.Load());
  EXPECT_EQ(identity.private_key, key);
}

TEST_F(RenewalTest, SaysWhatToDoWithoutAUsableKey) {
  ASSERT_OK(files_.Write("key.pem", "damaged", 0600));
  EXPECT_THAT(files_.Load(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("enroll --force")));
}

}  // namespace
}  // namespace fettle::agent
