// SPDX-License-Identifier: Apache-2.0
#include "lib/digest/digest.h"

#include <gtest/gtest.h>

namespace fettle {
namespace {

constexpr char kAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(DigestTest, MatchesThePublishedVector) {
  EXPECT_EQ(Sha256("abc").Hex(), kAbc);
  EXPECT_EQ(Sha256("").Hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(DigestTest, PartsGiveTheDigestOfTheWholeAndTheStreamStartsAnew) {
  Sha256Stream stream;
  stream.Update("a");
  stream.Update("bc");
  EXPECT_EQ(stream.Finish().Hex(), kAbc);
  stream.Update("abc");
  EXPECT_EQ(stream.Finish().Hex(), kAbc);
}

TEST(DigestTest, ReadsBackWhatItWrote) {
  const auto digest = Digest::FromHex(kAbc);
  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(*digest, Sha256("abc"));
  EXPECT_EQ(*Digest::FromRaw(digest->Raw()), *digest);
  EXPECT_TRUE(Digest{}.empty());
}

TEST(DigestTest, RefusesWhatIsNoDigest) {
  for (const char* bad :
       {"", "ba", "zz7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}) {
    EXPECT_EQ(Digest::FromHex(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
  EXPECT_FALSE(Digest::FromRaw("short").ok());
}

}  // namespace
}  // namespace fettle
