// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/report.h"

#include <gtest/gtest.h>

namespace fettle::resource {
namespace {

TEST(StateTest, NamesGoThereAndBack) {
  for (const State state : {State::kOk,
                            State::kUnknown,
                            State::kSkipped,
                            State::kChanged,
                            State::kDrifted,
                            State::kFailed,
                            State::kReverted,
                            State::kBlocked}) {
    EXPECT_EQ(StateFromName(StateName(state)), state);
  }
  EXPECT_EQ(StateFromName("wet"), State::kUnknown);
}

TEST(StateTest, GraverStatesAreGreater) {
  EXPECT_EQ(std::max(State::kChanged, State::kFailed), State::kFailed);
  EXPECT_EQ(std::max(State::kOk, State::kChanged), State::kChanged);
  EXPECT_EQ(std::max(State::kDrifted, State::kChanged), State::kDrifted);
}

TEST(StateDigestTest, DependsOnTheSetAloneAndTakesChangedAsOk) {
  const Digest digest = StateDigest({{"file:/a", State::kOk}, {"file:/b", State::kFailed}});
  EXPECT_EQ(StateDigest({{"file:/b", State::kFailed}, {"file:/a", State::kChanged}}), digest);
  EXPECT_NE(StateDigest({{"file:/a", State::kOk}, {"file:/b", State::kOk}}), digest);
  EXPECT_EQ(digest, Sha256("file:/a ok\nfile:/b failed\n"));
}

TEST(ExitCodeTest, IsPuppetCompatible) {
  RunReport report;
  EXPECT_EQ(ExitCode(report), 0);
  report.counts.changed = 1;
  EXPECT_EQ(ExitCode(report), 2);
  report.counts.failed = 1;
  EXPECT_EQ(ExitCode(report), 6);
  report.counts.changed = 0;
  EXPECT_EQ(ExitCode(report), 4);
  report.counts = {};
  report.counts.blocked = 1;
  EXPECT_EQ(ExitCode(report), 4);
  report.error = "recipe does not evaluate";
  EXPECT_EQ(ExitCode(report), 1);
}

TEST(CauseTest, HasPlainNames) {
  EXPECT_EQ(CauseName(Cause::kFirstSight), "first sight");
  EXPECT_EQ(CauseName(Cause::kDrift), "drift");
  EXPECT_LT(Cause::kIntended, Cause::kDrift);
}

}  // namespace
}  // namespace fettle::resource
