// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/seal.h"

#include <gtest/gtest.h>

#include "lib/base/ids.h"

namespace fettle::pki {
namespace {

class SealTest : public ::testing::Test {
 protected:
  const std::string key_ = RandomBytes(kSealKeyBytes);
};

TEST_F(SealTest, WhatIsSealedCanBeOpenedAndShowsNothing) {
  const std::string plain = "correct horse battery staple";
  const auto sealed = Seal(key_, plain, "run 1");
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->find("horse"), std::string::npos);
  EXPECT_EQ(Unseal(key_, *sealed, "run 1").value(), plain);
  EXPECT_NE(Seal(key_, plain, "run 1").value(), *sealed) << "every time with another nonce";
}

TEST_F(SealTest, NothingCanBeSealedAsWell) {
  EXPECT_EQ(Unseal(key_, Seal(key_, "", "").value(), "").value(), "");
}

TEST_F(SealTest, EveryChangedByteIsNoticed) {
  const std::string sealed = Seal(key_, "text", "place").value();
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_TRUE(absl::IsFailedPrecondition(Unseal(key_, changed, "place").status())) << i;
  }
  EXPECT_FALSE(Unseal(key_, std::string_view(sealed).substr(0, 20), "place").ok());
}

TEST_F(SealTest, AnotherPlaceOrKeyOpensNothing) {
  const std::string sealed = Seal(key_, "text", "place").value();
  EXPECT_FALSE(Unseal(key_, sealed, "elsewhere").ok());
  EXPECT_FALSE(Unseal(RandomBytes(kSealKeyBytes), sealed, "place").ok());
  EXPECT_FALSE(Seal("short", "text", "").ok());
}

}  // namespace
}  // namespace fettle::pki
