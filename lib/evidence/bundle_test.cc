// SPDX-License-Identifier: Apache-2.0
#include "lib/evidence/bundle.h"

#include <functional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/status_macros.h"
#include "lib/evidence/checkpoint.h"
#include "lib/evidence/statement.h"
#include "lib/evidence/verify_bundle.h"
#include "lib/pki/base64.h"
#include "tests/support/status_matchers.h"

namespace fettle::evidence {
namespace {

using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kName[] = "fettle/test";
constexpr auto kDenied = absl::StatusCode::kPermissionDenied;

absl::Time At(uint64_t second) {
  return absl::FromUnixSeconds(1'000 + static_cast<int64_t>(second));
}

// A log of acts and of signed reports of two hosts, a leaf each second.
class BundleTest : public ::testing::Test {
 protected:
  BundleTest()
      : server_(pki::SigningKey::Generate().value()),
        web1_(pki::SigningKey::Generate().value()),
        web2_(pki::SigningKey::Generate().value()) {
    AddAct("publish", "");                     // 0
    AddKey("web1", web1_);                     // 1
    AddReports("web1", web1_, 0, 2, "one");    // 2
    AddKey("web2", web2_);                     // 3
    AddReports("web2", web2_, 0, 1, "two");    // 4
    AddAct("label", "web1");                   // 5
    AddReports("web1", web1_, 2, 3, "three");  // 6
    AddReports("web2", web2_, 1, 4, "four");   // 7
    AddReports("web1", web1_, 3, 7, "five");   // 8
    AddAct("run", "");                         // 9
  }

  void AddAct(const std::string& act, const std::string& host) {
    ActLeaf leaf;
    leaf.time = At(leaves_.size());
    leaf.who = "user/ann";
    leaf.act = act;
    leaf.host = host;
    leaves_.push_back({leaves_.size(), EncodeLeaf(leaf), ""});
  }

  void AddKey(const std::string& host, const pki::SigningKey& key) {
    ActLeaf leaf;
    leaf.time = At(leaves_.size());
    leaf.who = "host/" + host;
    leaf.act = kReportKeyAct;
    leaf.host = host;
    leaf.data[std::string(kKeyField)] = pki::Base64Encode(key.RawPublic().value());
    leaves_.push_back({leaves_.size(), EncodeLeaf(leaf), ""});
  }

  void AddReports(const std::string& host,
                  const pki::SigningKey& key,
                  uint64_t after,
                  uint64_t last,
                  const std::string& data) {
    ReportsLeaf leaf;
    leaf.time = At(leaves_.size());
    leaf.host = host;
    leaf.epoch = "e";
    leaf.after = after;
    leaf.last = last;
    leaf.digest = Sha256(data);
    leaf.key = key.RawPublic().value();
    leaf.signature = SignReports(StatementOf(leaf), key).value();
    leaves_.push_back({leaves_.size(), EncodeLeaf(leaf), data});
  }

  Digest HashOf(const Subtree& subtree) const {
    RootBuilder builder;
    for (uint64_t i = subtree.first(); i < subtree.end(); ++i) {
      builder.AddLeaf(LeafHash(leaves_[i].leaf));
    }
    return builder.Root();
  }

  std::string HeadNote() const {
    RootBuilder builder;
    for (const BundleLeaf& leaf : leaves_) {
      builder.AddLeaf(LeafHash(leaf.leaf));
    }
    return SignCheckpoint({kName, {leaves_.size(), builder.Root()}, At(100)}, server_).value();
  }

  NoteKey Key() const { return NoteKeyOf(server_, kName).value(); }

  // A bundle of `range` that shows these leaves.
  std::string Make(const BundleRange& range, const std::set<uint64_t>& shown) const {
    BundleWriter writer;
    std::string text = writer.Begin({HeadNote(), Key().Text(), "authority", range});
    uint64_t next = 0;
    const auto hide_until = [&](uint64_t end) {
      for (const Subtree& subtree : Cover(next, end)) {
        text += writer.Add(BundleHidden{subtree, HashOf(subtree)});
      }
    };
    for (const uint64_t number : shown) {
      hide_until(number);
      text += writer.Add(leaves_[number]);
      next = number + 1;
    }
    hide_until(leaves_.size());
    return text + writer.Finish(server_).value();
  }

  static BundleRange Everything() {
    return {absl::InfinitePast(), absl::InfiniteFuture(), 0, 10, ""};
  }

  static BundleRange Some() { return {At(4), At(7), 4, 7, ""}; }

  static std::set<uint64_t> All() { return {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; }

  absl::Status Verify(const std::string& text) const { return VerifyBundle(text, Key()).status(); }

  const pki::SigningKey server_;
  const pki::SigningKey web1_;
  const pki::SigningKey web2_;
  std::vector<BundleLeaf> leaves_;
};

TEST_F(BundleTest, TheWholeLogHolds) {
  ASSERT_OK_AND_ASSIGN(const VerifiedBundle bundle, VerifyBundle(Make(Everything(), All()), Key()));
  EXPECT_THAT(bundle.leaves, SizeIs(10));
  EXPECT_EQ(bundle.signed_reports, 5U);
  EXPECT_EQ(bundle.unsigned_reports, 0U);
  EXPECT_THAT(bundle.host_keys, SizeIs(2));
  EXPECT_THAT(bundle.limits, IsEmpty());
  EXPECT_EQ(bundle.leaves[4].data, "two");
}

TEST_F(BundleTest, AKeyThatOnlyTheBundleBringsIsSaidToBeALimit) {
  ASSERT_OK_AND_ASSIGN(const VerifiedBundle bundle,
                       VerifyBundle(Make(Everything(), All()), std::nullopt));
  EXPECT_THAT(bundle.limits, ::testing::ElementsAre(HasSubstr("--key")));
}

TEST_F(BundleTest, APartHoldsWithItsNeighboursAndTheKeysOfItsHosts) {
  ASSERT_OK_AND_ASSIGN(const VerifiedBundle bundle,
                       VerifyBundle(Make(Some(), {1, 3, 4, 5, 6, 7}), Key()));
  ASSERT_THAT(bundle.leaves, SizeIs(3));
  EXPECT_EQ(bundle.leaves.front().number, 4U);
  EXPECT_THAT(bundle.limits, IsEmpty());
}

TEST_F(BundleTest, AnyByteThatIsChangedIsFound) {
  const std::string good = Make(Some(), {1, 3, 4, 5, 6, 7});
  ASSERT_OK(Verify(good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int flip : {1, 0x20}) {
      std::string altered = good;
      altered[i] = static_cast<char>(altered[i] ^ flip);
      ASSERT_FALSE(Verify(altered).ok()) << "byte " << i << ": " << good.substr(i, 20);
      ASSERT_FALSE(VerifyBundle(altered, std::nullopt).ok()) << "byte " << i;
    }
  }
}

TEST_F(BundleTest, WhatIsCutShortOrLongerIsNoBundle) {
  const std::string good = Make(Some(), {1, 3, 4, 5, 6, 7});
  for (std::size_t size = 0; size < good.size(); size += 3) {
    ASSERT_FALSE(Verify(good.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(Verify(good + "\n").ok());
  EXPECT_FALSE(Verify("\n" + good).ok());
}

TEST_F(BundleTest, AnyLeafOfTheRangeThatIsLeftOutIsFound) {
  for (const uint64_t number : All()) {
    std::set<uint64_t> shown = All();
    shown.erase(number);
    EXPECT_THAT(Verify(Make(Everything(), shown)), StatusIs(kDenied, HasSubstr("left out")))
        << number;
  }
}

TEST_F(BundleTest, ARangeThatClaimsMoreThanItShowsIsFound) {
  const std::set<uint64_t> shown = {1, 3, 4, 5, 6, 7};
  BundleRange range = Some();
  range.since = At(2);  // Leaves 2 and 3 would be in it.
  EXPECT_THAT(Verify(Make(range, shown)), StatusIs(kDenied, HasSubstr("left out there")));
  range = Some();
  range.until = At(8);
  EXPECT_THAT(Verify(Make(range, shown)), StatusIs(kDenied, HasSubstr("left out there")));
  range = Some();
  range.until = absl::InfiniteFuture();
  EXPECT_THAT(Verify(Make(range, shown)), StatusIs(kDenied, HasSubstr("left out there")));
  range = Some();
  range.since = At(5);
  EXPECT_THAT(Verify(Make(range, shown)), StatusIs(kDenied, HasSubstr("outside of the range")));
  range = Some();
  range.end = 11;
  EXPECT_THAT(Verify(Make(range, shown)), StatusIs(kDenied, HasSubstr("not in a log")));
}

TEST_F(BundleTest, BoundsThatAreNotShownAreNotBelieved) {
  EXPECT_THAT(Verify(Make(Some(), {1, 4, 5, 6, 7})), StatusIs(kDenied));
  EXPECT_THAT(Verify(Make(Some(), {1, 3, 4, 5, 6})), StatusIs(kDenied));
}

TEST_F(BundleTest, ALeafThatIsNotInTheLogIsFound) {
  const std::string head = HeadNote();
  ActLeaf forged;
  forged.time = At(5);
  forged.act = "label";
  BundleWriter writer;
  std::string text = writer.Begin({head, Key().Text(), "authority", Everything()});
  for (const BundleLeaf& leaf : leaves_) {
    text += writer.Add(leaf.number == 5 ? BundleLeaf{5, EncodeLeaf(forged), ""} : leaf);
  }
  text += writer.Finish(server_).value();
  EXPECT_THAT(Verify(text), StatusIs(kDenied, HasSubstr("not those of the log")));
}

TEST_F(BundleTest, ContentThatIsNotWhatTheHostSentIsFound) {
  leaves_[6].data = "something else";
  EXPECT_THAT(Verify(Make(Everything(), All())),
              StatusIs(kDenied, HasSubstr("not those of leaf 6")));
}

TEST_F(BundleTest, ContentThatTheServerNoLongerHasIsALimit) {
  leaves_[6].data.clear();
  ASSERT_OK_AND_ASSIGN(const VerifiedBundle bundle, VerifyBundle(Make(Everything(), All()), Key()));
  EXPECT_EQ(bundle.without_content, 1U);
  EXPECT_THAT(bundle.limits, ::testing::ElementsAre(HasSubstr("content")));
}

TEST_F(BundleTest, ReportsThatTheServerMadeUpAreFound) {
  AddReports("web1", server_, 7, 8, "made up");
  BundleRange range = Everything();
  range.end = 11;
  std::set<uint64_t> shown = All();
  shown.insert(10);
  EXPECT_THAT(Verify(Make(range, shown)), StatusIs(kDenied, HasSubstr("not its key")));
}

TEST_F(BundleTest, ReportsThatTheServerDroppedAreFound) {
  AddReports("web1", web1_, 9, 10, "after a gap");
  BundleRange range = Everything();
  range.end = 11;
  std::set<uint64_t> shown = All();
  shown.insert(10);
  EXPECT_THAT(Verify(Make(range, shown)),
              StatusIs(kDenied, HasSubstr("reports 8 to 9 of host web1 are missing")));
}

TEST_F(BundleTest, OneHostHoldsWithoutTheOthersAndSaysItsLimits) {
  BundleRange range = Some();
  range.host = "web1";
  // Its key, its last reports before the range, the bounds, the range, its next reports.
  ASSERT_OK_AND_ASSIGN(const VerifiedBundle bundle,
                       VerifyBundle(Make(range, {1, 2, 3, 5, 6, 7, 8}), Key()));
  EXPECT_THAT(bundle.leaves, SizeIs(2));
  EXPECT_THAT(bundle.limits, ::testing::ElementsAre(HasSubstr("acts that concern")));
  range = Everything();
  range.host = "web1";
  ASSERT_OK_AND_ASSIGN(const VerifiedBundle all,
                       VerifyBundle(Make(range, {0, 1, 2, 5, 6, 8, 9}), Key()));
  EXPECT_THAT(all.limits, ::testing::Contains(HasSubstr("no reports of web1 after the range")));
}

TEST_F(BundleTest, OneHostWithoutReportsBeforeTheRangeSaysWhatIsTheServersWord) {
  BundleRange range = Everything();
  range.host = "web1";
  // Its key, and its second batch on: nothing shows when the first was.
  const auto bundle = VerifyBundle(Make(range, {1, 6, 8}), Key());
  ASSERT_OK(bundle);
  EXPECT_THAT(bundle->limits,
              ::testing::Contains(HasSubstr("up to 2 (epoch e) are older than the range")));
}

TEST_F(BundleTest, ReportsOfOneHostThatAreHiddenAreMissed) {
  BundleRange range = Some();
  range.host = "web1";
  EXPECT_THAT(Verify(Make(range, {1, 2, 3, 5, 7, 8})),
              StatusIs(kDenied, HasSubstr("reports 3 to 3 of host web1 are missing")));
}

TEST_F(BundleTest, ABundleOfAnotherServerIsRefused) {
  ASSERT_OK_AND_ASSIGN(const auto other, pki::SigningKey::Generate());
  ASSERT_OK_AND_ASSIGN(const NoteKey key, NoteKeyOf(other, kName));
  EXPECT_THAT(VerifyBundle(Make(Everything(), All()), key),
              StatusIs(kDenied, HasSubstr("is signed by the key")));
}

}  // namespace
}  // namespace fettle::evidence
