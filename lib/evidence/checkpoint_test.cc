// SPDX-License-Identifier: Apache-2.0
#include "lib/evidence/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "lib/evidence/note.h"
#include "tests/support/status_matchers.h"

namespace fettle::evidence {
namespace {

using ::fettle::testing::IsOkAndHolds;
using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;

// The key and the note that implementations of the format share as test vectors.
constexpr char kPublishedKey[] =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr char kPublishedText[] =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
constexpr char kPublishedSignature[] =
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/"
    "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

Checkpoint Sample() {
  return {"fettle/0123", {42, Sha256("root")}, absl::FromUnixMicros(1'700'000'000'123'456)};
}

TEST(NoteTest, OpensThePublishedNote) {
  ASSERT_OK_AND_ASSIGN(const NoteKey key, NoteKey::Parse(kPublishedKey));
  EXPECT_EQ(key.name, "PeterNeumann");
  EXPECT_EQ(key.Text(), kPublishedKey);
  const std::string note = fmt::format("{}\n{}", kPublishedText, kPublishedSignature);
  EXPECT_THAT(OpenNote(note, key), IsOkAndHolds(kPublishedText));
}

TEST(NoteTest, PassesOverSignaturesOfOthers) {
  ASSERT_OK_AND_ASSIGN(const NoteKey key, NoteKey::Parse(kPublishedKey));
  const std::string other = "\u2014 somebody AAAAAAAAAAAAAAAA\n";
  EXPECT_OK(OpenNote(fmt::format("{}\n{}{}", kPublishedText, other, kPublishedSignature), key));
  EXPECT_THAT(OpenNote(fmt::format("{}\n{}", kPublishedText, other), key),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("not signed by")));
}

TEST(NoteTest, AKeyWithAnyOtherCharacterIsNone) {
  const std::string text = kPublishedKey;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = static_cast<char>(other[i] + 1);
    EXPECT_FALSE(NoteKey::Parse(other).ok()) << other;
  }
  EXPECT_FALSE(NoteKey::Parse("").ok());
  EXPECT_FALSE(NoteKey::Parse(text + "\n").ok());
}

TEST(NoteTest, NamesThatCannotStandInANoteAreRefused) {
  ASSERT_OK_AND_ASSIGN(const auto key, pki::SigningKey::Generate());
  for (const char* const name : {"", "a b", "a+b", "a\nb"}) {
    EXPECT_THAT(SignNote("text\n", name, key), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(SignNote("text", "a", key), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(CheckpointTest, HasThreeLinesAndItsTime) {
  EXPECT_EQ(FormatCheckpoint(Sample()),
            "fettle/0123\n42\n"
            "SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n"
            "time 1700000000123456\n");
  EXPECT_THAT(ParseCheckpoint(FormatCheckpoint(Sample())), IsOkAndHolds(Sample()));
}

TEST(CheckpointTest, WhatIsNotExactlyOneIsRefused) {
  const std::string good = FormatCheckpoint(Sample());
  for (const std::string& bad :
       {std::string(), good + "more\n", good.substr(0, good.size() - 1), "\n" + good}) {
    EXPECT_THAT(ParseCheckpoint(bad), StatusIs(absl::StatusCode::kInvalidArgument)) << bad;
  }
  std::string zero = good;
  zero.replace(zero.find("42"), 2, "042");
  EXPECT_FALSE(ParseCheckpoint(zero).ok());
  zero.replace(zero.find("042"), 3, "-42");
  EXPECT_FALSE(ParseCheckpoint(zero).ok());
}

TEST(CheckpointTest, OpensWithItsKeyAlone) {
  ASSERT_OK_AND_ASSIGN(const auto key, pki::SigningKey::Generate());
  ASSERT_OK_AND_ASSIGN(const auto other, pki::SigningKey::Generate());
  ASSERT_OK_AND_ASSIGN(const std::string note, SignCheckpoint(Sample(), key));
  ASSERT_OK_AND_ASSIGN(const NoteKey good, NoteKeyOf(key, "fettle/0123"));
  ASSERT_OK_AND_ASSIGN(const NoteKey bad, NoteKeyOf(other, "fettle/0123"));
  EXPECT_THAT(OpenCheckpoint(note, good), IsOkAndHolds(Sample()));
  EXPECT_THAT(OpenCheckpoint(note, bad), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(NoteKey::Parse(good.Text()), IsOkAndHolds(good));
}

TEST(CheckpointTest, AByteChangedAnywhereIsFound) {
  ASSERT_OK_AND_ASSIGN(const auto key, pki::SigningKey::Generate());
  ASSERT_OK_AND_ASSIGN(const std::string note, SignCheckpoint(Sample(), key));
  ASSERT_OK_AND_ASSIGN(const NoteKey known, NoteKeyOf(key, "fettle/0123"));
  for (std::size_t i = 0; i < note.size(); ++i) {
    std::string altered = note;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_FALSE(OpenCheckpoint(altered, known).ok()) << "byte " << i;
  }
}

}  // namespace
}  // namespace fettle::evidence
