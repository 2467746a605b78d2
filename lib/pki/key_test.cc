// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "lib/base/ids.h"
#include "lib/pki/base64.h"
#include "lib/pki/openssl.h"
#include "lib/pki/private_key.h"
#include "lib/pki/signing_key.h"
#include "tests/support/status_matchers.h"

namespace fettle::pki {
namespace {

using ::fettle::testing::IsOkAndHolds;
using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

std::string EncryptedPem() {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const BioPtr bio(BIO_new(BIO_s_mem()));
  char passphrase[] = "secret";
  PEM_write_bio_PKCS8PrivateKey(
      bio.get(), key.get(), EVP_aes_256_cbc(), passphrase, 6, nullptr, nullptr);
  return Written(bio.get());
}

TEST(PrivateKeyTest, ComesBackFromItsPemWithTheSamePublicHalf) {
  ASSERT_OK_AND_ASSIGN(const PrivateKey key, PrivateKey::Generate());
  ASSERT_OK_AND_ASSIGN(const std::string pem, key.Pem());
  EXPECT_THAT(pem, HasSubstr("-----BEGIN PRIVATE KEY-----"));
  ASSERT_OK_AND_ASSIGN(const PrivateKey back, PrivateKey::FromPem(pem));
  EXPECT_EQ(*back.PublicPem(), *key.PublicPem());
  EXPECT_THAT(key.Matches(*back.PublicPem()), IsOkAndHolds(true));
}

TEST(PrivateKeyTest, TwoGeneratedKeysDiffer) {
  ASSERT_OK_AND_ASSIGN(const PrivateKey one, PrivateKey::Generate());
  ASSERT_OK_AND_ASSIGN(const PrivateKey other, PrivateKey::Generate());
  EXPECT_THAT(one.Matches(*other.PublicPem()), IsOkAndHolds(false));
}

TEST(PrivateKeyTest, RefusesOtherKindsOfKeys) {
  const KeyPtr p384(EVP_EC_gen("P-384"));
  EXPECT_THAT(PrivateKey::FromPem(*PrivateKeyPem(p384.get())),
              StatusIs(kInvalid, HasSubstr("P-256")));
  ASSERT_OK_AND_ASSIGN(const SigningKey ed25519, SigningKey::Generate());
  EXPECT_THAT(PrivateKey::FromPem(*ed25519.Pem()), StatusIs(kInvalid, HasSubstr("P-256")));
}

TEST(PrivateKeyTest, RefusesAnEncryptedKeyInsteadOfAskingForAPassphrase) {
  EXPECT_THAT(PrivateKey::FromPem(EncryptedPem()), StatusIs(kInvalid, HasSubstr("encrypted")));
}

TEST(PrivateKeyTest, RefusesWhatIsNoKeyWithoutShowingIt) {
  for (const std::string bad : {"", "hunter2", "-----BEGIN PRIVATE KEY-----\nhunter2\n"}) {
    EXPECT_THAT(PrivateKey::FromPem(bad), StatusIs(kInvalid, Not(HasSubstr("hunter2"))));
  }
  EXPECT_THAT(PrivateKey::FromPem(std::string(kMaxPemBytes + 1, 'x')),
              StatusIs(kInvalid, HasSubstr("at most")));
  ASSERT_OK_AND_ASSIGN(const PrivateKey key, PrivateKey::Generate());
  EXPECT_THAT(key.Matches("no key"), StatusIs(kInvalid));
}

TEST(PrivateKeyTest, SurvivesEveryTruncationAndEveryFlippedByte) {
  ASSERT_OK_AND_ASSIGN(const PrivateKey key, PrivateKey::Generate());
  ASSERT_OK_AND_ASSIGN(const std::string pem, key.Pem());
  for (std::size_t i = 0; i + 2 < pem.size(); ++i) {  // Without the last newline it is still whole.
    EXPECT_THAT(PrivateKey::FromPem(pem.substr(0, i)), StatusIs(kInvalid)) << i;
  }
  for (std::size_t i = 0; i < pem.size(); ++i) {
    std::string bad = pem;
    bad[i] = static_cast<char>(bad[i] ^ 0x04);
    const auto read = PrivateKey::FromPem(bad);  // Some flips fall on what is not checked.
    EXPECT_TRUE(read.ok() || read.status().code() == kInvalid) << i << ": " << read.status();
  }
}

TEST(PrivateKeyTest, LeavesNoErrorInOpenSslsQueue) {
  ERR_clear_error();
  EXPECT_FALSE(PrivateKey::FromPem("nonsense").ok());
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

TEST(SigningKeyTest, VerifiesWhatItSignedAndComesBackFromItsPem) {
  ASSERT_OK_AND_ASSIGN(const SigningKey key, SigningKey::Generate());
  ASSERT_OK_AND_ASSIGN(const std::string signature, key.Sign("audit-head", "42"));
  EXPECT_EQ(signature.size(), 64U);
  EXPECT_OK(VerifySignature(*key.PublicPem(), "audit-head", "42", signature));
  ASSERT_OK_AND_ASSIGN(const SigningKey back, SigningKey::FromPem(*key.Pem()));
  EXPECT_THAT(back.Sign("audit-head", "42"), IsOkAndHolds(signature));
}

TEST(SigningKeyTest, SignsThePurposeANulAndTheMessageWithPlainEd25519) {
  ASSERT_OK_AND_ASSIGN(const SigningKey key, SigningKey::Generate());
  ASSERT_OK_AND_ASSIGN(const std::string signature, key.Sign("p", "m"));
  ASSERT_OK_AND_ASSIGN(const KeyPtr key_of, ReadPublicKey(*key.PublicPem()));
  unsigned char raw[32];
  std::size_t size = sizeof(raw);
  ASSERT_EQ(EVP_PKEY_get_raw_public_key(key_of.get(), raw, &size), 1);
  const std::string_view bytes(reinterpret_cast<const char*>(raw), size);
  EXPECT_TRUE(VerifyEd25519(bytes, std::string_view("p\0m", 3), signature));
  EXPECT_FALSE(VerifyEd25519(bytes, "pm", signature));
  EXPECT_FALSE(VerifyEd25519(bytes.substr(1), std::string_view("p\0m", 3), signature));
}

TEST(SigningKeyTest, RefusesAnotherPurposeMessageOrKeyAndADamagedSignature) {
  ASSERT_OK_AND_ASSIGN(const SigningKey key, SigningKey::Generate());
  ASSERT_OK_AND_ASSIGN(const SigningKey other, SigningKey::Generate());
  ASSERT_OK_AND_ASSIGN(const std::string signature, key.Sign("report", "42"));
  const std::string pem = *key.PublicPem();
  constexpr auto kDenied = absl::StatusCode::kPermissionDenied;
  EXPECT_THAT(VerifySignature(pem, "audit-head", "42", signature), StatusIs(kDenied));
  EXPECT_THAT(VerifySignature(pem, "report", "43", signature), StatusIs(kDenied));
  EXPECT_THAT(VerifySignature(*other.PublicPem(), "report", "42", signature), StatusIs(kDenied));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    std::string bad = signature;
    bad[i] = static_cast<char>(bad[i] ^ 0x01);
    EXPECT_THAT(VerifySignature(pem, "report", "42", bad), StatusIs(kDenied)) << i;
  }
  EXPECT_THAT(VerifySignature(pem, "report", "42", signature.substr(1)), StatusIs(kInvalid));
}

TEST(SigningKeyTest, RefusesKeysOfAnotherKindAndAnEmptyPurpose) {
  ASSERT_OK_AND_ASSIGN(const PrivateKey p256, PrivateKey::Generate());
  EXPECT_THAT(SigningKey::FromPem(*p256.Pem()), StatusIs(kInvalid, HasSubstr("Ed25519")));
  EXPECT_THAT(VerifySignature(*p256.PublicPem(), "p", "m", std::string(64, 'x')),
              StatusIs(kInvalid, HasSubstr("Ed25519")));
  ASSERT_OK_AND_ASSIGN(const SigningKey key, SigningKey::Generate());
  EXPECT_THAT(key.Sign("", "m"), StatusIs(kInvalid));
  EXPECT_THAT(key.Sign(std::string_view("a\0b", 3), "m"), StatusIs(kInvalid));
}

// RFC 8032, section 7.1, test 2.
TEST(SigningKeyTest, AcceptsThePublishedVectorOfEd25519) {
  std::string key;
  std::string signature;
  ASSERT_TRUE(HexDecode("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", &key));
  ASSERT_TRUE(
      HexDecode("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
                &signature));
  EXPECT_TRUE(VerifyEd25519(key, "\x72", signature));
  EXPECT_FALSE(VerifyEd25519(key, "\x73", signature));
}

TEST(Base64Test, WritesAndReadsThePublishedVectors) {
  const std::pair<const char*, const char*> table[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : table) {
    std::string back;
    EXPECT_EQ(Base64Encode(plain), text);
    EXPECT_TRUE(Base64Decode(text, &back)) << text;
    EXPECT_EQ(back, plain);
  }
  EXPECT_EQ(Base64EncodeUnpadded("f"), "Zg");
  EXPECT_EQ(Base64UrlEncode("\xFB\xFF"), "-_8");
}

TEST(Base64Test, RefusesEveryTextButTheOneItWrites) {
  std::string bytes;
  for (const char* bad : {"Zg", "Zg=", "Zh==", "Zm 8=", "Zm9v\n", "Zm9v=", "-_8=", "Zg..", "?"}) {
    EXPECT_FALSE(Base64Decode(bad, &bytes)) << bad;
  }
  for (const char* bad : {"-_8=", "+/8", "-_9", "Z"}) {
    EXPECT_FALSE(Base64UrlDecode(bad, &bytes)) << bad;
  }
}

}  // namespace
}  // namespace fettle::pki
