// SPDX-License-Identifier: Apache-2.0
#include "lib/base/status_macros.h"

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fettle {
namespace {

using ::fettle::testing::IsOk;
using ::fettle::testing::IsOkAndHolds;
using ::fettle::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

absl::StatusOr<int> Half(int number) {
  if (number % 2 != 0) {
    return InvalidArgument("{} is odd", number);
  }
  return number / 2;
}

absl::StatusOr<int> Quarter(int number) {
  ASSIGN_OR_RETURN(const int half, Half(number));
  ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

absl::Status CheckBoth(const absl::Status& first, const absl::Status& second, int* reached) {
  RETURN_IF_ERROR(first);
  *reached = 1;
  RETURN_IF_ERROR(second);
  *reached = 2;
  return absl::OkStatus();
}

absl::StatusOr<std::string> TakeText(absl::StatusOr<std::unique_ptr<std::string>> from) {
  ASSIGN_OR_RETURN(const std::unique_ptr<std::string> text, std::move(from));
  return *text;
}

TEST(StatusMacrosTest, AssignOrReturnGivesTheValueOrLeavesWithTheError) {
  EXPECT_THAT(Quarter(12), IsOkAndHolds(3));
  EXPECT_THAT(Quarter(6), StatusIs(absl::StatusCode::kInvalidArgument, "3 is odd"));
  EXPECT_THAT(Quarter(5), StatusIs(absl::StatusCode::kInvalidArgument, "5 is odd"));
}

TEST(StatusMacrosTest, AssignOrReturnMovesWhatCannotBeCopied) {
  EXPECT_THAT(TakeText(std::make_unique<std::string>("moved")), IsOkAndHolds("moved"));
  EXPECT_THAT(TakeText(NotFound("no text")), StatusIs(absl::StatusCode::kNotFound));
}

TEST(StatusMacrosTest, ReturnIfErrorStopsAtTheFirstError) {
  int reached = 0;
  EXPECT_THAT(CheckBoth(absl::OkStatus(), absl::OkStatus(), &reached), IsOk());
  EXPECT_EQ(reached, 2);
  reached = 0;
  EXPECT_THAT(CheckBoth(absl::OkStatus(), Aborted("moved"), &reached),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(reached, 1);
  reached = 0;
  EXPECT_THAT(CheckBoth(Aborted("moved"), absl::OkStatus(), &reached), Not(IsOk()));
  EXPECT_EQ(reached, 0);
}

TEST(StatusMacrosTest, AnnotatePutsAPhraseFirstAndKeepsTheCode) {
  const absl::Status status = Annotate(Unavailable("refused"), "connect to 127.0.0.1:80");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, "connect to 127.0.0.1:80: refused"));
  EXPECT_THAT(Annotate(absl::OkStatus(), "unused"), IsOk());
}

TEST(StatusMacrosTest, EachShorthandHasItsCode) {
  EXPECT_THAT(InvalidArgument("a{}", 1), StatusIs(absl::StatusCode::kInvalidArgument, "a1"));
  EXPECT_THAT(NotFound("b"), StatusIs(absl::StatusCode::kNotFound, "b"));
  EXPECT_THAT(FailedPrecondition("c"), StatusIs(absl::StatusCode::kFailedPrecondition, "c"));
  EXPECT_THAT(Unavailable("d"), StatusIs(absl::StatusCode::kUnavailable, "d"));
  EXPECT_THAT(PermissionDenied("e"), StatusIs(absl::StatusCode::kPermissionDenied, "e"));
  EXPECT_THAT(DeadlineExceeded("f"), StatusIs(absl::StatusCode::kDeadlineExceeded, "f"));
  EXPECT_THAT(Aborted("g"), StatusIs(absl::StatusCode::kAborted, "g"));
  EXPECT_THAT(Internal("h"), StatusIs(absl::StatusCode::kInternal, "h"));
}

TEST(StatusMatchersTest, SayWhatTheStatusIs) {
  ::testing::StringMatchResultListener listener;
  const ::testing::Matcher<absl::StatusOr<int>> ok = IsOk();
  EXPECT_FALSE(ok.MatchAndExplain(Half(3), &listener));
  EXPECT_THAT(listener.str(), HasSubstr("3 is odd"));
}

TEST(StatusMatchersTest, RefuseTheWrongCodeMessageAndValue) {
  EXPECT_THAT(Half(3), Not(StatusIs(absl::StatusCode::kNotFound)));
  EXPECT_THAT(Half(3), Not(StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("even"))));
  EXPECT_THAT(Half(4), Not(IsOkAndHolds(3)));
  EXPECT_THAT(Half(3), Not(IsOkAndHolds(1)));
  EXPECT_THAT(Half(4), Not(StatusIs(absl::StatusCode::kInvalidArgument)));
}

TEST(StatusMatchersTest, AssertOkAndAssignGivesTheValue) {
  ASSERT_OK_AND_ASSIGN(const int half, Half(8));
  EXPECT_EQ(half, 4);
}

}  // namespace
}  // namespace fettle
