// SPDX-License-Identifier: Apache-2.0
#include "lib/policy/revision.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle::policy {
namespace {

using ::fettle::testing::IsOk;
using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;

std::string Fixture(const std::string& name) {
  const std::ifstream file(std::string(FETTLE_POLICY_TESTDATA) + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

std::vector<pki::SshPublicKey> Keys(const std::string& name) {
  return ParseAllowedKeys("# who may author\n\n" + Fixture(name)).value();
}

Revision Example() {
  Revision revision;
  revision.tree = Sha256("tree");
  revision.author = "A. Author <author@example.org>";
  revision.message = "Open port 443\n\nTicket 12.\n";
  revision.created = absl::FromUnixSeconds(1795380501);
  return revision;
}

TEST(RevisionTest, StatementIsTheTextThatIsSigned) {
  const auto statement = RevisionStatement(Example());
  ASSERT_THAT(statement, IsOk());
  EXPECT_EQ(*statement, Fixture("statement.txt"));
}

TEST(RevisionTest, ReadsBackWhatItWrote) {
  Revision revision = Example();
  revision.parent = Sha256("parent");
  revision.git_commit = "0123abcdef";
  const auto statement = RevisionStatement(revision);
  ASSERT_THAT(statement, IsOk());
  const auto again = ParseRevision(*statement);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(*again, revision);
}

TEST(RevisionTest, NumberIsNotPartOfTheIdentity) {
  Revision revision = Example();
  revision.number = 42;
  EXPECT_EQ(RevisionStatement(revision).value(), RevisionStatement(Example()).value());
}

TEST(RevisionTest, RefusesFieldsThatCouldForgeOthers) {
  Revision author = Example();
  author.author = "a\ncreated 1999";
  Revision nobody = Example();
  nobody.author = "";
  Revision commit = Example();
  commit.git_commit = "not hex";
  Revision message = Example();
  message.message = "\x1b[2J";
  Revision fraction = Example();
  fraction.created += absl::Milliseconds(1);
  Revision tree = Example();
  tree.tree = Digest();
  for (const Revision& revision : {author, nobody, commit, message, fraction, tree}) {
    EXPECT_THAT(RevisionStatement(revision), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(RevisionTest, RefusesStatementsItCannotHaveWritten) {
  const std::string good = Fixture("statement.txt");
  ASSERT_THAT(ParseRevision(good), IsOk());
  const auto replaced = [&good](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  for (const std::string& text : {std::string(),
                                  good.substr(0, 40),
                                  replaced("v1", "v2"),
                                  replaced("parent -", "parent"),
                                  replaced("parent -\n", ""),
                                  replaced("tree ", "tree -"),
                                  replaced("21Z", "21.5Z"),
                                  replaced("21Z", "21+00:00"),
                                  replaced("git -", "git zzzzzzzz"),
                                  replaced("message\n", "massage\n")}) {
    EXPECT_THAT(ParseRevision(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(VerifyRevisionTest, BelievesATrustedKey) {
  const auto verified =
      VerifyRevision(Fixture("statement.txt"), Fixture("statement.sig"), Keys("author.pub"));
  ASSERT_THAT(verified, IsOk());
  EXPECT_EQ(verified->revision, Example());
  EXPECT_EQ(verified->id, Sha256(Fixture("statement.txt")));
  EXPECT_EQ(verified->signer.comment, "author@example.org");
}

TEST(VerifyRevisionTest, RefusesEverythingElse) {
  const std::string statement = Fixture("statement.txt");
  const std::string signature = Fixture("statement.sig");
  EXPECT_THAT(VerifyRevision(statement, signature, Keys("mallory.pub")),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("not trusted")));
  EXPECT_THAT(VerifyRevision(statement, signature, {}),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(VerifyRevision(statement + "x", signature, Keys("author.pub")),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(VerifyRevision(statement, Fixture("statement_other.sig"), Keys("author.pub")),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(VerifyRevision(statement, "", Keys("author.pub")),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST(AllowedKeysTest, NamesTheLineThatIsWrong) {
  EXPECT_THAT(ParseAllowedKeys("# one\nssh-rsa AAAA\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("2")));
}

}  // namespace
}  // namespace fettle::policy
