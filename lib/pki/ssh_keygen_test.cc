// SPDX-License-Identifier: Apache-2.0
// Against the real ssh-keygen: what it signs we accept, and a hardware key's signature, put
// together here as the format says, is one that it accepts as well.
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/digest/digest.h"
#include "lib/pki/base64.h"
#include "lib/pki/openssl.h"
#include "lib/pki/ssh_signature.h"
#include "lib/pki/ssh_wire.h"
#include "tests/support/status_matchers.h"

namespace fettle::pki {
namespace {

using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kNamespace[] = "fettle-revision";
constexpr char kMessage[] = "revision 42\n";
constexpr char kHardware[] = "sk-ssh-ed25519@openssh.com";

class SshKeygenTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "pki-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    Write("message", kMessage);
  }

  void TearDown() override {
    for (const char* name : {"message", "message.sig", "key", "key.pub", "signers"}) {
      std::filesystem::remove(folder_ + "/" + name);
    }
    std::filesystem::remove(folder_);
  }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name)) << text;
  }

  std::string Read(const std::string& name) const {
    const std::ifstream file(Path(name));
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  // ssh-keygen's exit code, 127 if it cannot be run; the message on its standard input.
  int Keygen(const std::vector<std::string>& arguments) const {
    std::vector<std::string> words = {"ssh-keygen"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) {
      argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, Path("message").c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    pid_t pid = 0;
    const int error = posix_spawnp(&pid, words[0].c_str(), &files, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    int status = 0;
    if (error != 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
      return 127;
    }
    return WEXITSTATUS(status);
  }

  std::string folder_;
};

// A hardware key as software: what a token would do inside.
class Token {
 public:
  Token() : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")) {}

  SshPublicKey PublicKey() const {
    std::string raw(32, '\0');
    std::size_t size = raw.size();
    EXPECT_EQ(EVP_PKEY_get_raw_public_key(
                  key_.get(), reinterpret_cast<unsigned char*>(raw.data()), &size),
              1);
    return {.algorithm = kHardware, .ed25519 = raw, .application = "ssh:", .comment = "token"};
  }

  std::string Sign(const std::string& message, uint8_t flags, uint32_t counter) const {
    std::string data = "SSHSIG";
    for (const std::string& field :
         {std::string(kNamespace), std::string(), std::string("sha256"), Raw(message)}) {
      AppendSshString(field, data);
    }
    std::string tail(1, static_cast<char>(flags));
    AppendSshUint32(counter, tail);
    std::string inner;
    AppendSshString(kHardware, inner);
    AppendSshString(Ed25519(Raw("ssh:") + tail + Raw(data)), inner);
    return Armored(inner + tail);
  }

 private:
  static std::string Raw(const std::string& text) { return std::string(Sha256(text).Raw()); }

  std::string Armored(const std::string& inner) const {
    std::string bytes = "SSHSIG";
    AppendSshUint32(1, bytes);
    for (const std::string& field : {PublicKey().Blob(),
                                     std::string(kNamespace),
                                     std::string(),
                                     std::string("sha256"),
                                     inner}) {
      AppendSshString(field, bytes);
    }
    std::string text = "-----BEGIN SSH SIGNATURE-----\n";
    const std::string base64 = Base64Encode(bytes);
    for (std::size_t i = 0; i < base64.size(); i += 70) {
      text += base64.substr(i, 70) + "\n";
    }
    return text + "-----END SSH SIGNATURE-----\n";
  }

  std::string Ed25519(const std::string& data) const {
    const DigestContextPtr context(EVP_MD_CTX_new());
    std::string signature(64, '\0');
    std::size_t size = signature.size();
    EXPECT_EQ(EVP_DigestSignInit_ex(
                  context.get(), nullptr, nullptr, nullptr, nullptr, key_.get(), nullptr),
              1);
    EXPECT_EQ(EVP_DigestSign(context.get(),
                             reinterpret_cast<unsigned char*>(signature.data()),
                             &size,
                             reinterpret_cast<const unsigned char*>(data.data()),
                             data.size()),
              1);
    return signature;
  }

  KeyPtr key_;
};

TEST_F(SshKeygenTest, SignaturesThatItMakesAreAccepted) {
  ASSERT_EQ(Keygen({"-q", "-t", "ed25519", "-N", "", "-C", "bob", "-f", Path("key")}), 0)
      << "is the package openssh-client installed?";
  ASSERT_EQ(Keygen({"-q", "-Y", "sign", "-f", Path("key"), "-n", kNamespace, Path("message")}), 0);
  ASSERT_OK_AND_ASSIGN(const std::vector<SshPublicKey> trusted,
                       ParseSshPublicKeys(Read("key.pub")));
  ASSERT_OK_AND_ASSIGN(const SshPublicKey signer,
                       VerifySshSignature(kMessage, Read("message.sig"), kNamespace, trusted));
  EXPECT_EQ(signer.comment, "bob");
}

TEST_F(SshKeygenTest, AcceptsWithUsTheSignatureOfAHardwareKey) {
  const Token token;
  const std::string signature = token.Sign(kMessage, /*flags=*/0x01, /*counter=*/7);
  Write("message.sig", signature);
  Write("signers", "bob " + token.PublicKey().Line() + "\n");
  EXPECT_EQ(Keygen({"-q",
                    "-Y",
                    "verify",
                    "-f",
                    Path("signers"),
                    "-I",
                    "bob",
                    "-n",
                    kNamespace,
                    "-s",
                    Path("message.sig")}),
            0);
  ASSERT_OK_AND_ASSIGN(const std::vector<SshPublicKey> trusted,
                       ParseSshPublicKeys(Read("signers")));
  ASSERT_OK_AND_ASSIGN(const SshPublicKey signer,
                       VerifySshSignature(kMessage, signature, kNamespace, trusted));
  EXPECT_EQ(signer.Fingerprint(), token.PublicKey().Fingerprint());
}

TEST(HardwareKeyTest, MustHaveBeenTouched) {
  const Token token;
  const std::vector<SshPublicKey> trusted = {token.PublicKey()};
  EXPECT_THAT(VerifySshSignature(kMessage, token.Sign(kMessage, 0x00, 7), kNamespace, trusted),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("without a touch")));
  EXPECT_OK(VerifySshSignature(kMessage, token.Sign(kMessage, 0x05, 7), kNamespace, trusted));
}

TEST(HardwareKeyTest, OfAnotherApplicationIsAnotherKey) {
  const Token token;
  SshPublicKey other = token.PublicKey();
  other.application = "ssh:other";
  const std::vector<SshPublicKey> trusted = {other};
  EXPECT_THAT(VerifySshSignature(kMessage, token.Sign(kMessage, 0x01, 7), kNamespace, trusted),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

}  // namespace
}  // namespace fettle::pki
