// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/ssh_signature.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/pki/base64.h"
#include "lib/pki/ssh_wire.h"
#include "tests/support/status_matchers.h"

namespace fettle::pki {
namespace {

using ::fettle::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr char kNamespace[] = "fettle-revision";
constexpr char kAlice[] = "SHA256:xxw+Fn4QhCXdZ73cX73ySH2qriKwEtO5a40bzETC8IU";

std::string Fixture(const std::string& name) {
  const std::ifstream file(std::string(FETTLE_PKI_TESTDATA) + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

SshPublicKey Key(const std::string& name) {
  return ParseSshPublicKey(Fixture(name)).value();
}

// `bytes` between the marker lines, in one line as ssh-keygen accepts, too.
std::string Armor(const std::string& bytes) {
  return "-----BEGIN SSH SIGNATURE-----\n" + Base64Encode(bytes) +
         "\n-----END SSH SIGNATURE-----\n";
}

// A signature's outer fields, to put together wrongly.
struct Parts {
  std::string magic = "SSHSIG";
  uint32_t version = 1;
  std::string key = Key("alice.pub").Blob();
  std::string name_space = kNamespace;
  std::string hash = "sha512";
  std::string inner;

  Parts() {
    AppendSshString("ssh-ed25519", inner);
    AppendSshString(std::string(64, 'x'), inner);
  }

  std::string Armored() const {
    std::string bytes = magic;
    AppendSshUint32(version, bytes);
    for (const std::string& field : {key, name_space, std::string(), hash, inner}) {
      AppendSshString(field, bytes);
    }
    return Armor(bytes);
  }
};

class SshSignatureTest : public ::testing::Test {
 protected:
  absl::StatusOr<SshPublicKey> Verify(const std::string& armored) const {
    return VerifySshSignature(message_, armored, kNamespace, trusted_);
  }

  const std::string message_ = Fixture("message.txt");
  const std::string armored_ = Fixture("alice_sha512.sig");
  std::vector<SshPublicKey> trusted_ = {Key("mallory.pub"), Key("alice.pub")};
};

TEST_F(SshSignatureTest, OfSshKeygenIsAcceptedAndNamesItsKey) {
  for (const char* name : {"alice_sha512.sig", "alice_sha256.sig"}) {
    ASSERT_OK_AND_ASSIGN(const SshPublicKey signer, Verify(Fixture(name)));
    EXPECT_EQ(signer.Fingerprint(), kAlice);
    EXPECT_EQ(signer.comment, "alice@example.com");
  }
}

TEST_F(SshSignatureTest, IsAcceptedWithCrlfAndBlankLinesAround) {
  std::string crlf = "\r\n";
  for (const char c : armored_) {
    crlf += c == '\n' ? "\r\n" : std::string(1, c);
  }
  EXPECT_OK(Verify(crlf + "\r\n"));
}

TEST_F(SshSignatureTest, ThatIsMissingIsNotFound) {
  EXPECT_THAT(Verify(""), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Verify(" \n"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(SshSignatureTest, ForSomethingElseIsRefusedByItsNameSpace) {
  EXPECT_THAT(VerifySshSignature(message_, armored_, "fettle-command", trusted_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("\"fettle-revision\""), HasSubstr("\"fettle-command\""))));
}

TEST_F(SshSignatureTest, ByAnUnknownKeyIsRefusedAndTheKeyNamed) {
  trusted_ = {Key("mallory.pub")};
  EXPECT_THAT(Verify(armored_), StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr(kAlice)));
  trusted_.clear();
  EXPECT_THAT(Verify(armored_), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(SshSignatureTest, OverAnotherMessageDoesNotFit) {
  EXPECT_THAT(VerifySshSignature(message_ + "x", armored_, kNamespace, trusted_),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("altered")));
  EXPECT_THAT(VerifySshSignature("", armored_, kNamespace, trusted_),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(SshSignatureTest, ThatClaimsATrustedKeyWithoutItDoesNotFit) {
  EXPECT_THAT(Verify(Parts().Armored()), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(SshSignatureTest, ByAnRsaKeyIsRefusedWithAWayOut) {
  EXPECT_THAT(Verify(Fixture("rsa.sig")),
              StatusIs(kInvalid, AllOf(HasSubstr("ssh-rsa"), HasSubstr("ssh-keygen -t ed25519"))));
}

TEST_F(SshSignatureTest, IsReadFieldByField) {
  ASSERT_OK_AND_ASSIGN(const SshSignature signature, ParseSshSignature(armored_));
  EXPECT_EQ(signature.name_space, kNamespace);
  EXPECT_EQ(signature.hash_algorithm, "sha512");
  EXPECT_EQ(signature.reserved, "");
  EXPECT_EQ(signature.ed25519.size(), 64U);
  EXPECT_EQ(signature.key.Fingerprint(), kAlice);
}

TEST_F(SshSignatureTest, PutTogetherWronglyIsRefusedAndSaysWhatIsWrong) {
  const auto refused = [](auto change, const char* why) {
    Parts parts;
    change(parts);
    EXPECT_THAT(ParseSshSignature(parts.Armored()), StatusIs(kInvalid, HasSubstr(why)));
  };
  refused([](Parts& p) { p.magic = "SSHSIX"; }, "\"SSHSIG\"");
  refused([](Parts& p) { p.version = 2; }, "version 2");
  refused([](Parts& p) { p.name_space.clear(); }, "name space");
  refused([](Parts& p) { p.hash = "sha1"; }, "other than sha256");
  refused([](Parts& p) { p.key.pop_back(); }, "damaged");
  refused([](Parts& p) { p.key += "x"; }, "damaged");
  refused([](Parts& p) { p.inner.pop_back(); }, "inner part is cut");
  refused([](Parts& p) { p.inner += "x"; }, "followed by more");
  refused([](Parts& p) { p.inner[4] = 'x'; }, "different types");
  refused([](Parts& p) { p.inner.clear(); }, "inner part is cut");
}

TEST_F(SshSignatureTest, WithABadFrameIsRefused) {
  EXPECT_THAT(ParseSshSignature("hello"), StatusIs(kInvalid, HasSubstr("does not begin")));
  EXPECT_THAT(ParseSshSignature(armored_ + "more"), StatusIs(kInvalid, HasSubstr("not end")));
  EXPECT_THAT(ParseSshSignature("-----BEGIN SSH SIGNATURE-----"), StatusIs(kInvalid));
  EXPECT_THAT(ParseSshSignature(Armor("")), StatusIs(kInvalid));
  EXPECT_THAT(ParseSshSignature(armored_ + std::string(20'000, 'x')), StatusIs(kInvalid));
  std::string huge = "SSHSIG";
  AppendSshUint32(1, huge);
  AppendSshUint32(0xFFFFFFFF, huge);
  EXPECT_THAT(ParseSshSignature(Armor(huge)), StatusIs(kInvalid, HasSubstr("cut short")));
}

TEST_F(SshSignatureTest, IsRefusedAtEveryTruncationAndWithEveryByteFlipped) {
  for (std::size_t i = 1; i + 1 < armored_.size(); ++i) {
    EXPECT_THAT(Verify(armored_.substr(0, i)), StatusIs(kInvalid)) << i;
  }
  for (std::size_t i = 0; i + 1 < armored_.size();
       ++i) {  // The last newline may be anything blank.
    for (const int bit : {0x01, 0x10, 0x80}) {
      std::string bad = armored_;
      bad[i] = static_cast<char>(bad[i] ^ bit);
      EXPECT_FALSE(Verify(bad).ok()) << i << " ^ " << bit;
    }
  }
}

TEST_F(SshSignatureTest, IsRefusedWithEveryByteOfItsBinaryFormFlippedOrCut) {
  std::string text = armored_.substr(30, armored_.size() - 30 - 29);
  std::erase(text, '\n');
  std::string bytes;
  ASSERT_TRUE(Base64Decode(text, &bytes)) << text;
  ASSERT_OK(Verify(Armor(bytes)));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string bad = bytes;
    bad[i] = static_cast<char>(bad[i] ^ 0x01);
    EXPECT_FALSE(Verify(Armor(bad)).ok()) << i;
    EXPECT_THAT(Verify(Armor(bytes.substr(0, i))), StatusIs(kInvalid)) << i;
  }
}

TEST(SshPublicKeyTest, ReadsBackWhatItWrote) {
  const SshPublicKey key = Key("alice.pub");
  EXPECT_EQ(key.Fingerprint(), kAlice);
  EXPECT_EQ(key.Line() + "\n", Fixture("alice.pub"));
  EXPECT_EQ(ParseSshPublicKeyBlob(key.Blob())->ed25519, key.ed25519);
}

TEST(SshPublicKeyTest, TakesThePrincipalOfAnAllowedSignersLine) {
  const SshPublicKey key = Key("alice.pub");
  const std::string bare = "ssh-ed25519 " + Base64Encode(key.Blob());
  EXPECT_EQ(ParseSshPublicKey(bare)->comment, "");
  EXPECT_EQ(ParseSshPublicKey("alice@example.com  " + bare)->comment, "alice@example.com");
  EXPECT_EQ(ParseSshPublicKey("alice " + bare + " her  laptop")->comment, "her  laptop");
}

TEST(SshPublicKeyTest, RefusesOptionsBecauseTheyWouldBeIgnored) {
  const std::string bare = "ssh-ed25519 " + Base64Encode(Key("alice.pub").Blob());
  for (const char* options : {"namespaces=\"git\" ",
                              "alice namespaces=\"git\" ",
                              "cert-authority ",
                              "restrict ",
                              "command=\"echo hi\" "}) {
    EXPECT_THAT(ParseSshPublicKey(options + bare), StatusIs(kInvalid, HasSubstr("options")))
        << options;
  }
}

TEST(SshPublicKeyTest, RefusesOtherAlgorithmsAndDamage) {
  EXPECT_THAT(ParseSshPublicKey(Fixture("rsa.pub")), StatusIs(kInvalid, HasSubstr("ssh-rsa")));
  EXPECT_THAT(ParseSshPublicKey(Fixture("ecdsa.pub")), StatusIs(kInvalid, HasSubstr("ecdsa-sha2")));
  EXPECT_THAT(ParseSshPublicKey("hello"), StatusIs(kInvalid, HasSubstr(".pub file")));
  EXPECT_THAT(ParseSshPublicKey(""), StatusIs(kInvalid));
  EXPECT_THAT(ParseSshPublicKey("ssh-ed25519"), StatusIs(kInvalid));
  EXPECT_THAT(
      ParseSshPublicKey("sk-ssh-ed25519@openssh.com " + Base64Encode(Key("alice.pub").Blob())),
      StatusIs(kInvalid, HasSubstr("is called")));
  const std::string line = "ssh-ed25519 " + Base64Encode(Key("alice.pub").Blob());
  for (std::size_t i = 0; i < line.size(); ++i) {
    EXPECT_THAT(ParseSshPublicKey(line.substr(0, i)), StatusIs(kInvalid)) << i;
  }
}

TEST(SshPublicKeyTest, ListsSkipCommentsAndNameTheLineOfAnError) {
  const std::string keys = "# who may sign\n\n" + Fixture("alice.pub") + Fixture("mallory.pub");
  ASSERT_OK_AND_ASSIGN(const std::vector<SshPublicKey> read, ParseSshPublicKeys(keys));
  EXPECT_THAT(read, SizeIs(2));
  EXPECT_THAT(ParseSshPublicKeys(keys + Fixture("rsa.pub")),
              StatusIs(kInvalid, HasSubstr("line 5: ")));
}

}  // namespace
}  // namespace fettle::pki
