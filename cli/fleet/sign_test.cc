// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/sign.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "lib/pki/ssh_public_key.h"
#include "lib/policy/revision.h"
#include "lib/sys/linux_commands.h"
#include "lib/sys/linux_files.h"

namespace fettle::cli {
namespace {

class SignTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/fettle-sign-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    policy::Revision revision;
    revision.tree = Sha256("tree");
    revision.author = "author";
    revision.message = "why";
    revision.created = absl::FromUnixSeconds(1'800'000'000);
    statement_ = *policy::RevisionStatement(revision);
  }

  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string MakeKey(const std::string& type, const std::string& passphrase) const {
    const std::string path = folder_ + "/" + type;
    sys::Command command;
    command.argv = {"ssh-keygen", "-q", "-t", type, "-N", passphrase, "-C", "me", "-f", path};
    const auto done = sys::RunCommand(command, Deadline::After(absl::Minutes(1)));
    EXPECT_TRUE(done.ok() && done->exit_code == 0);
    return path;
  }

  std::string folder_;
  std::string statement_;
};

TEST_F(SignTest, TheSignatureIsTheKeysOverTheStatement) {
  const std::string key = MakeKey("ed25519", "");
  const auto signature = SignRevision(statement_, key);
  ASSERT_TRUE(signature.ok()) << signature.status();
  const auto keys = policy::ParseAllowedKeys(*sys::LinuxFiles("", "").Read(key + ".pub", 1 << 16));
  const auto verified = policy::VerifyRevision(statement_, *signature, *keys);
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->signer.comment, "me");
}

TEST_F(SignTest, AKeyThatIsNotThereIsNamed) {
  const auto signature = SignRevision(statement_, folder_ + "/none");
  EXPECT_EQ(signature.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(Message(signature.status()).find("/none"), std::string_view::npos);
}

TEST_F(SignTest, AKeyWithAPassphraseIsSentToTheAgent) {
  const auto signature = SignRevision(statement_, MakeKey("ed25519", "open sesame"));
  EXPECT_EQ(signature.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(Message(signature.status()).find("ssh-add"), std::string_view::npos)
      << signature.status();
}

TEST_F(SignTest, AKeyOfAnotherKindIsRefusedBeforeItTravels) {
  const auto signature = SignRevision(statement_, MakeKey("ecdsa", ""));
  EXPECT_EQ(signature.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(Message(signature.status()).find("cannot sign revisions"), std::string_view::npos);
}

}  // namespace
}  // namespace fettle::cli
