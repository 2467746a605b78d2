// SPDX-License-Identifier: Apache-2.0
#include "lib/compliance/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fettle::compliance {
namespace {

using resource::State;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

class JudgeTest : public ::testing::Test {
 protected:
  JudgeTest() { host_.heard = true; }

  void Add(const std::string& resource, State state) {
    host_.by_control["C"].push_back({resource, state, kNow - absl::Hours(1), "r.lua:1"});
  }

  void Waive(const std::string& hosts, absl::Duration left, const std::string& control = "C") {
    Waiver waiver;
    waiver.control = control;
    waiver.hosts = hosts;
    waiver.until = kNow + left;
    waivers_.push_back(waiver);
  }

  Finding Get() const {
    return Judge(
        "C", host_, waivers_, [](const Waiver& waiver) { return waiver.hosts == "us"; }, kNow);
  }

  Verdict GetVerdict() const { return Get().verdict; }

  HostEvidence host_;
  std::vector<Waiver> waivers_;
};

TEST_F(JudgeTest, WhatNothingFulfilsHereDoesNotApply) {
  EXPECT_EQ(GetVerdict(), Verdict::kNotApplicable);
  host_.heard = false;
  EXPECT_EQ(GetVerdict(), Verdict::kNotApplicable);
}

TEST_F(JudgeTest, AllMustBeAsDeclared) {
  Add("file:/a", State::kOk);
  Add("file:/b", State::kChanged);
  EXPECT_EQ(GetVerdict(), Verdict::kCompliant);
  for (const State state :
       {State::kDrifted, State::kFailed, State::kSkipped, State::kBlocked, State::kReverted}) {
    host_.by_control["C"][1].state = state;
    const Finding finding = Get();
    EXPECT_EQ(finding.verdict, Verdict::kNotCompliant);
    EXPECT_THAT(finding.evidence, ElementsAre(Field(&Evidence::resource, "file:/b")));
  }
}

TEST_F(JudgeTest, WhoIsSilentOrHasNotSaidIsNeverCompliant) {
  Add("file:/a", State::kOk);
  Add("file:/b", State::kUnknown);
  EXPECT_EQ(GetVerdict(), Verdict::kUnknown);
  host_.by_control["C"][1].state = State::kOk;
  host_.heard = false;
  EXPECT_EQ(GetVerdict(), Verdict::kUnknown);
  host_.by_control["C"][1].state = State::kDrifted;
  EXPECT_EQ(GetVerdict(), Verdict::kUnknown) << "how it is now nobody knows";
}

TEST_F(JudgeTest, AWaiverIsForItsControlItsHostsAndItsTime) {
  Add("file:/a", State::kDrifted);
  Waive("others", absl::Hours(1));
  Waive("us", absl::Hours(1), "D");
  EXPECT_EQ(GetVerdict(), Verdict::kNotCompliant);
  EXPECT_EQ(Get().waiver, nullptr);
  Waive("us", absl::ZeroDuration());
  EXPECT_EQ(GetVerdict(), Verdict::kNotCompliant);
  EXPECT_EQ(Get().waiver, &waivers_.back()) << "one that ended is shown";
  Waive("us", absl::Hours(2));
  EXPECT_EQ(GetVerdict(), Verdict::kWaived);
  EXPECT_EQ(Get().waiver, &waivers_.back());
  EXPECT_THAT(Get().evidence, ElementsAre(Field(&Evidence::resource, "file:/a")));
}

TEST_F(JudgeTest, WhatIsCompliantNeedsNoWaiver) {
  Add("file:/a", State::kOk);
  Waive("us", absl::Hours(2));
  EXPECT_EQ(GetVerdict(), Verdict::kCompliant);
}

TEST(TallyTest, TheScoreIsOfWhatApplies) {
  Tally tally;
  EXPECT_EQ(tally.Score(), 1.0);
  for (const Verdict verdict : {Verdict::kCompliant,
                                Verdict::kWaived,
                                Verdict::kNotCompliant,
                                Verdict::kUnknown,
                                Verdict::kNotApplicable}) {
    tally.Add(verdict);
  }
  EXPECT_EQ(tally, (Tally{1, 1, 1, 1, 1}));
  EXPECT_EQ(tally.Score(), 0.5);
}

}  // namespace
}  // namespace fettle::compliance
