// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Matchers for absl::Status and absl::StatusOr<T>, which Debian 12's abseil does not bring:
//   EXPECT_THAT(status, IsOk());
//   EXPECT_THAT(result, IsOkAndHolds(ElementsAre(1, 2)));
//   EXPECT_THAT(result, StatusIs(absl::StatusCode::kNotFound, HasSubstr("/etc/motd")));
//   ASSERT_OK_AND_ASSIGN(const Catalog catalog, Load(path));
namespace fettle::testing {

namespace internal {

inline const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}

template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// Each Is... class below is what ::testing::MakePolymorphicMatcher asks for.
class OkMatcher {
 public:
  template <typename T>
  bool MatchAndExplain(const T& actual, ::testing::MatchResultListener* listener) const {
    *listener << "which is " << StatusOf(actual).ToString();
    return StatusOf(actual).ok();
  }

  void DescribeTo(std::ostream* out) const { *out << "is OK"; }

  void DescribeNegationTo(std::ostream* out) const { *out << "is not OK"; }
};

class CodeMatcher {
 public:
  CodeMatcher(absl::StatusCode code, ::testing::Matcher<const std::string&> message)
      : code_(code), message_(std::move(message)) {}

  template <typename T>
  bool MatchAndExplain(const T& actual, ::testing::MatchResultListener* listener) const {
    const absl::Status& status = StatusOf(actual);
    *listener << "which is " << status.ToString();
    return status.code() == code_ && message_.Matches(std::string(status.message()));
  }

  void DescribeTo(std::ostream* out) const {
    *out << "has the code " << absl::StatusCodeToString(code_) << " and a message that ";
    message_.DescribeTo(out);
  }

  void DescribeNegationTo(std::ostream* out) const {
    *out << "has not the code " << absl::StatusCodeToString(code_) << " or has a message that ";
    message_.DescribeNegationTo(out);
  }

 private:
  absl::StatusCode code_;
  ::testing::Matcher<const std::string&> message_;
};

template <typename Inner>
class HoldsMatcher {
 public:
  explicit HoldsMatcher(Inner inner) : inner_(std::move(inner)) {}

  template <typename T>
  bool MatchAndExplain(const absl::StatusOr<T>& actual,
                       ::testing::MatchResultListener* listener) const {
    if (!actual.ok()) {
      *listener << "which is " << actual.status().ToString();
      return false;
    }
    return ::testing::ExplainMatchResult(
        ::testing::SafeMatcherCast<const T&>(inner_), *actual, listener);
  }

  void DescribeTo(std::ostream* out) const { *out << "is OK and holds the value asked for"; }

  void DescribeNegationTo(std::ostream* out) const {
    *out << "is not OK or does not hold the value asked for";
  }

 private:
  Inner inner_;
};

}  // namespace internal

// Matches an OK Status or StatusOr.
inline auto IsOk() {
  return ::testing::MakePolymorphicMatcher(internal::OkMatcher());
}

// Matches a Status or StatusOr with this code, and a message that `message` matches.
inline auto StatusIs(absl::StatusCode code,
                     ::testing::Matcher<const std::string&> message = ::testing::_) {
  return ::testing::MakePolymorphicMatcher(internal::CodeMatcher(code, std::move(message)));
}

// Matches an OK StatusOr whose value `inner` (a matcher or a value) matches.
template <typename Inner>
auto IsOkAndHolds(Inner inner) {
  return ::testing::MakePolymorphicMatcher(internal::HoldsMatcher<Inner>(std::move(inner)));
}

}  // namespace fettle::testing

#define EXPECT_OK(expression) EXPECT_THAT((expression), ::fettle::testing::IsOk())
#define ASSERT_OK(expression) ASSERT_THAT((expression), ::fettle::testing::IsOk())

// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses.

// Evaluates `expression` (a StatusOr<T>), fails the test and leaves the function when it is an
// error, otherwise moves the value into `lhs`.
#define ASSERT_OK_AND_ASSIGN(lhs, expression) \
  FETTLE_ASSERT_OK_AND_ASSIGN(FETTLE_TEST_CONCAT(_result_, __LINE__), lhs, expression)
#define FETTLE_ASSERT_OK_AND_ASSIGN(var, lhs, expression) \
  auto var = (expression);                                \
  ASSERT_THAT(var, ::fettle::testing::IsOk());            \
  lhs = std::move(var).value()

// NOLINTEND(bugprone-macro-parentheses)

#define FETTLE_TEST_CONCAT_INNER(a, b) a##b
#define FETTLE_TEST_CONCAT(a, b) FETTLE_TEST_CONCAT_INNER(a, b)
