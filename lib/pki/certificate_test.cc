// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "lib/pki/certificate_authority.h"
#include "lib/pki/certificate_builder.h"
#include "lib/pki/certificate_info.h"
#include "lib/pki/certificate_request.h"
#include "lib/pki/certificate_verify.h"
#include "lib/pki/openssl.h"
#include "lib/pki/private_key.h"
#include "tests/support/status_matchers.h"

namespace fettle::pki {
namespace {

using ::fettle::testing::IsOkAndHolds;
using ::fettle::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kDenied = absl::StatusCode::kPermissionDenied;

class CertificateTest : public ::testing::Test {
 protected:
  IssueRequest Request(Role role, const std::string& name) const {
    IssueRequest request;
    request.identity = {.role = role, .name = name};
    request.public_key_pem = *key_.PublicPem();
    request.common_name = name;
    request.validity = absl::Hours(72);
    request.now = now_;
    return request;
  }

  std::string Issued(Role role, const std::string& name) const {
    return ca_.Issue(Request(role, name)).value();
  }

  // A certificate by `ca_`'s kind of key whose parts Issue() would never put together.
  std::string Odd(const std::vector<std::string>& uris, const char* usage) const {
    const KeyPtr ca_key = ReadPrivateKey(*ca_.KeyPem()).value();
    const auto issuer = ReadCertificates(ca_.certificate_pem(), "CA").value();
    const X509Ptr made(X509_new());
    EXPECT_OK(StartCertificate(*made, now_, now_ + absl::Hours(1)));
    EXPECT_OK(SetCommonName(X509_get_subject_name(made.get()), "odd"));
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer.front().get()));
    X509_set_pubkey(made.get(), key_.handle());
    EXPECT_OK(AddExtension(*made, *issuer.front(), NID_ext_key_usage, usage));
    std::string names;
    for (const std::string& uri : uris) {
      names += (names.empty() ? "URI:" : ",URI:") + uri;
    }
    if (!names.empty()) {
      EXPECT_OK(AddExtension(*made, *issuer.front(), NID_subject_alt_name, names.c_str()));
    }
    EXPECT_OK(SignCertificate(*made, ca_key.get()));
    return CertificatePem(made.get()).value();
  }

  const absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  const CertificateAuthority ca_ =
      CertificateAuthority::Create("Test CA", absl::Hours(24 * 365), now_).value();
  const PrivateKey key_ = PrivateKey::Generate().value();
};

TEST_F(CertificateTest, SaysWhatWasIssued) {
  IssueRequest request = Request(Role::kServer, "fettle.example.com");
  request.dns_names = {"fettle.example.com", "*.example.com"};
  request.ip_addresses = {"192.0.2.1", "2001:db8::1"};
  ASSERT_OK_AND_ASSIGN(const std::string pem, ca_.Issue(request));
  ASSERT_OK_AND_ASSIGN(const CertificateInfo info, ParseCertificate(pem));
  EXPECT_EQ(info.common_name, "fettle.example.com");
  EXPECT_EQ(info.issuer, "CN=Test CA");
  EXPECT_THAT(info.uri_sans, ElementsAre("fettle://server/fettle.example.com"));
  EXPECT_THAT(info.dns_sans, ElementsAre("fettle.example.com", "*.example.com"));
  EXPECT_THAT(info.ip_sans, ElementsAre("192.0.2.1", "2001:db8::1"));
  EXPECT_EQ(info.not_before, now_ - kBackdate);
  EXPECT_EQ(info.not_after, now_ + absl::Hours(72));
  EXPECT_FALSE(info.is_ca);
  EXPECT_THAT(CertificatePublicKey(pem), IsOkAndHolds(*key_.PublicPem()));
}

TEST_F(CertificateTest, NamesTheSha256OfTheDer) {
  const auto certificates = ReadCertificates(ca_.certificate_pem(), "CA").value();
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificates.front().get(), &der);
  ASSERT_GT(size, 0);
  EXPECT_EQ(ca_.info().fingerprint,
            Sha256({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)}));
  OPENSSL_free(der);
}

TEST_F(CertificateTest, EverySerialIsNew) {
  const auto one = ParseCertificate(Issued(Role::kHost, "web1"));
  const auto other = ParseCertificate(Issued(Role::kHost, "web1"));
  EXPECT_NE(one->serial, other->serial);
  EXPECT_GE(one->serial.size(), 24U);
}

TEST_F(CertificateTest, VerifiesEveryRoleAndTellsTheIdentity) {
  for (const Role role : {Role::kServer, Role::kHost, Role::kUser}) {
    ASSERT_OK_AND_ASSIGN(
        const VerifiedCertificate verified,
        VerifyCertificateFor(role, Issued(role, "one"), ca_.certificate_pem(), now_));
    EXPECT_EQ(verified.identity, (Identity{.role = role, .name = "one"}));
  }
}

TEST_F(CertificateTest, IsGoodOnAClockThatRunsFiveMinutesBehindAndNotSix) {
  const std::string pem = Issued(Role::kHost, "web1");
  EXPECT_OK(VerifyCertificate(pem, ca_.certificate_pem(), now_ - absl::Minutes(5)));
  EXPECT_THAT(VerifyCertificate(pem, ca_.certificate_pem(), now_ - absl::Minutes(6)),
              StatusIs(kDenied, HasSubstr("not yet valid")));
}

TEST_F(CertificateTest, IsRefusedOnceItHasExpired) {
  const std::string pem = Issued(Role::kHost, "web1");
  EXPECT_OK(VerifyCertificate(pem, ca_.certificate_pem(), now_ + absl::Hours(71)));
  EXPECT_THAT(VerifyCertificate(pem, ca_.certificate_pem(), now_ + absl::Hours(73)),
              StatusIs(kDenied, HasSubstr("has expired")));
}

TEST_F(CertificateTest, IsRefusedUnderAForeignAuthorityOfTheSameName) {
  ASSERT_OK_AND_ASSIGN(const CertificateAuthority foreign,
                       CertificateAuthority::Create("Test CA", absl::Hours(24), now_));
  const std::string pem = Issued(Role::kHost, "web1");
  EXPECT_THAT(VerifyCertificate(pem, foreign.certificate_pem(), now_),
              StatusIs(kDenied, HasSubstr("web1")));
  ASSERT_OK_AND_ASSIGN(const CertificateAuthority other,
                       CertificateAuthority::Create("Other CA", absl::Hours(24), now_));
  EXPECT_THAT(VerifyCertificate(pem, other.certificate_pem(), now_),
              StatusIs(kDenied, HasSubstr("not by a trusted authority")));
}

TEST_F(CertificateTest, IsGoodWhileTheOldAuthorityIsTrustedBesideTheNew) {
  ASSERT_OK_AND_ASSIGN(const CertificateAuthority next,
                       CertificateAuthority::Create("Test CA", absl::Hours(24), now_));
  const std::string both = next.certificate_pem() + ca_.certificate_pem();
  EXPECT_OK(VerifyCertificate(Issued(Role::kHost, "web1"), both, now_));
}

TEST_F(CertificateTest, OfOneRoleIsRefusedWhereAnotherIsDue) {
  EXPECT_THAT(
      VerifyCertificateFor(Role::kUser, Issued(Role::kHost, "web1"), ca_.certificate_pem(), now_),
      StatusIs(kDenied, HasSubstr("needs the certificate of a user, and fettle://host/web1")));
}

TEST_F(CertificateTest, IsRefusedWhenItsUseIsNotThatOfItsRole) {
  EXPECT_OK(VerifyCertificate(Odd({"fettle://host/a"}, "clientAuth"), ca_.certificate_pem(), now_));
  EXPECT_THAT(
      VerifyCertificate(Odd({"fettle://host/a"}, "serverAuth"), ca_.certificate_pem(), now_),
      StatusIs(kDenied, HasSubstr("purpose")));
  EXPECT_THAT(
      VerifyCertificate(Odd({"fettle://server/a"}, "clientAuth"), ca_.certificate_pem(), now_),
      StatusIs(kDenied, HasSubstr("purpose")));
}

TEST_F(CertificateTest, IsRefusedUnlessItStandsForExactlyOneIdentity) {
  for (const std::vector<std::string>& uris : std::vector<std::vector<std::string>>{
           {}, {"fettle://host/a", "fettle://host/b"}, {"https://example.com"}}) {
    EXPECT_THAT(VerifyCertificate(Odd(uris, "clientAuth"), ca_.certificate_pem(), now_),
                StatusIs(kDenied));
  }
}

TEST_F(CertificateTest, OfAnAuthorityStandsForNobody) {
  EXPECT_THAT(VerifyCertificate(ca_.certificate_pem(), ca_.certificate_pem(), now_),
              StatusIs(kDenied, HasSubstr("an authority's")));
}

TEST_F(CertificateTest, OfAHostCannotSignOthers) {
  EXPECT_THAT(CertificateAuthority::Load(*key_.Pem(), Issued(Role::kHost, "web1")),
              StatusIs(kInvalid, HasSubstr("not a certificate authority's")));
}

TEST_F(CertificateTest, LongNamesAreIssuedWithoutACommonName) {
  const std::string name(200, 'a');
  IssueRequest request = Request(Role::kHost, name);
  EXPECT_THAT(ca_.Issue(request), StatusIs(kInvalid, HasSubstr("at most 64")));
  request.common_name.clear();
  ASSERT_OK_AND_ASSIGN(const std::string pem, ca_.Issue(request));
  ASSERT_OK_AND_ASSIGN(const VerifiedCertificate verified,
                       VerifyCertificate(pem, ca_.certificate_pem(), now_));
  EXPECT_EQ(verified.identity.name, name);
  EXPECT_EQ(verified.info.common_name, "");
}

TEST_F(CertificateTest, EndsNoLaterThanItsAuthority) {
  IssueRequest request = Request(Role::kHost, "web1");
  request.validity = absl::Hours(24 * 3650);
  EXPECT_EQ(ParseCertificate(*ca_.Issue(request))->not_after, ca_.info().not_after);
}

TEST_F(CertificateTest, IsNotIssuedByAnAuthorityThatHasExpiredOrHasNotBegun) {
  IssueRequest request = Request(Role::kHost, "web1");
  for (const absl::Duration off : {absl::Hours(24 * 366), -absl::Hours(1)}) {
    request.now = now_ + off;
    EXPECT_THAT(ca_.Issue(request),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("check the clock")));
  }
}

TEST_F(CertificateTest, IsNotIssuedForWhatMakesNoSense) {
  const auto refused = [&](auto change, const char* why) {
    IssueRequest request = Request(Role::kHost, "web1");
    change(request);
    EXPECT_THAT(ca_.Issue(request), StatusIs(kInvalid, HasSubstr(why)));
  };
  refused([](IssueRequest& r) { r.identity.name = "../x"; }, "cannot name a host");
  refused([](IssueRequest& r) { r.public_key_pem.clear(); }, "give one");
  refused([](IssueRequest& r) { r.csr_pem = "x"; }, "give one");
  refused([](IssueRequest& r) { r.public_key_pem = "x"; }, "not a public key");
  refused([](IssueRequest& r) { r.validity = absl::ZeroDuration(); }, "positive");
  refused([](IssueRequest& r) { r.validity = absl::InfiniteDuration(); }, "positive");
  refused([](IssueRequest& r) { r.common_name = "a\nb"; }, "control characters");
  refused([](IssueRequest& r) { r.dns_names = {"a,URI:fettle://user/root"}; }, "not a DNS name");
  refused([](IssueRequest& r) { r.ip_addresses = {"192.0.2"}; }, "not an IP address");
  refused([](IssueRequest& r) { r.dns_names.assign(101, "a"); }, "at most 100");
}

TEST_F(CertificateTest, AuthorityComesBackFromItsFiles) {
  ASSERT_OK_AND_ASSIGN(const CertificateAuthority back,
                       CertificateAuthority::Load(*ca_.KeyPem(), ca_.certificate_pem()));
  EXPECT_EQ(back.info().fingerprint, ca_.info().fingerprint);
  ASSERT_OK_AND_ASSIGN(const std::string pem, back.Issue(Request(Role::kUser, "alice")));
  EXPECT_OK(VerifyCertificate(pem, ca_.certificate_pem(), now_));
}

TEST_F(CertificateTest, AuthorityRefusesTheKeyOfAnother) {
  EXPECT_THAT(CertificateAuthority::Load(*key_.Pem(), ca_.certificate_pem()),
              StatusIs(kInvalid, HasSubstr("do not belong together")));
  EXPECT_THAT(CertificateAuthority::Create("", absl::Hours(1), now_), StatusIs(kInvalid));
  EXPECT_THAT(CertificateAuthority::Create("x", absl::Hours(-1), now_), StatusIs(kInvalid));
  EXPECT_THAT(CertificateAuthority::Create("x", absl::Hours(1), absl::InfiniteFuture()),
              StatusIs(kInvalid));
}

TEST_F(CertificateTest, IsIssuedForARequestWhoseSenderHoldsTheKey) {
  ASSERT_OK_AND_ASSIGN(const std::string csr, MakeCertificateRequest(key_, "wish"));
  ASSERT_OK_AND_ASSIGN(const CertificateRequest read, VerifyCertificateRequest(csr));
  EXPECT_EQ(read.common_name, "wish");
  EXPECT_EQ(read.public_key_pem, *key_.PublicPem());
  IssueRequest request = Request(Role::kHost, "web1");
  request.public_key_pem.clear();
  request.csr_pem = csr;
  ASSERT_OK_AND_ASSIGN(const std::string pem, ca_.Issue(request));
  EXPECT_THAT(CertificatePublicKey(pem), IsOkAndHolds(*key_.PublicPem()));
  EXPECT_EQ(ParseCertificate(pem)->common_name, "web1");
}

TEST_F(CertificateTest, RequestForAKeyThatTheSenderDoesNotHoldIsRefused) {
  ASSERT_OK_AND_ASSIGN(const PrivateKey stolen, PrivateKey::Generate());
  const RequestPtr request(X509_REQ_new());
  X509_REQ_set_pubkey(request.get(), stolen.handle());
  X509_REQ_sign(request.get(), key_.handle(), EVP_sha256());
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_REQ(bio.get(), request.get());
  EXPECT_THAT(VerifyCertificateRequest(Written(bio.get())),
              StatusIs(kDenied, HasSubstr("does not hold that key")));
}

TEST_F(CertificateTest, RequestIsRefusedWhenDamagedTooLongOrOfAnotherKind) {
  EXPECT_THAT(VerifyCertificateRequest("x"), StatusIs(kInvalid));
  EXPECT_THAT(VerifyCertificateRequest(std::string(20'000, 'x')), StatusIs(kInvalid));
  EXPECT_THAT(VerifyCertificateRequest(ca_.certificate_pem()), StatusIs(kInvalid));
  EXPECT_THAT(MakeCertificateRequest(key_, std::string(65, 'x')), StatusIs(kInvalid));
  ASSERT_OK_AND_ASSIGN(const std::string csr, MakeCertificateRequest(key_, "web1"));
  for (std::size_t i = 0; i < csr.size(); ++i) {
    std::string bad = csr;
    bad[i] = static_cast<char>(bad[i] ^ 0x04);
    const auto read = VerifyCertificateRequest(bad);
    const bool clear = read.status().code() == kInvalid || read.status().code() == kDenied;
    EXPECT_TRUE(read.ok() ? read->public_key_pem == *key_.PublicPem() : clear) << i;
  }
}

TEST_F(CertificateTest, PemIsRefusedWhenCutAndNeverTrustedWhenAltered) {
  const std::string pem = Issued(Role::kHost, "web1");
  for (std::size_t i = 0; i + 2 < pem.size(); ++i) {
    EXPECT_THAT(ParseCertificate(pem.substr(0, i)), StatusIs(kInvalid)) << i;
  }
  const Digest whole = ParseCertificate(pem)->fingerprint;
  for (std::size_t i = 0; i < pem.size(); ++i) {
    std::string bad = pem;
    bad[i] = static_cast<char>(bad[i] ^ 0x04);
    const auto verified = VerifyCertificate(bad, ca_.certificate_pem(), now_);
    if (verified.ok()) {  // The flip fell on what PEM ignores.
      EXPECT_EQ(verified->info.fingerprint, whole) << i;
      continue;
    }
    EXPECT_TRUE(verified.status().code() == kInvalid || verified.status().code() == kDenied)
        << i << ": " << verified.status();
  }
}

TEST_F(CertificateTest, DamageAfterTheFirstOfSeveralIsNoticed) {
  const std::string pem = ca_.certificate_pem();
  EXPECT_THAT(ReadCertificates(pem + pem.substr(0, 100), "trust"),
              StatusIs(kInvalid, HasSubstr("certificate 2 cannot be read")));
  EXPECT_THAT(VerifyCertificate(pem, "", now_), StatusIs(kInvalid, HasSubstr("holds no")));
}

}  // namespace
}  // namespace fettle::pki
