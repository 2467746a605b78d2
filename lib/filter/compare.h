// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

#include "lib/filter/value.h"

namespace fettle::filter {

enum class Relation : uint8_t { kEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kLike };

// What stands on the right of an operator. It is read as whatever the value on the left is.
struct Literal {
  std::string text;
  std::optional<double> number;
  std::optional<bool> truth;
  std::optional<absl::Time> time;
};

// False as well when the two cannot be compared, such as a number with "web".
bool Holds(const Value& value, Relation relation, const Literal& literal);

// Whether a value counts as true: true itself, a number that is not 0, a text that is not empty, a
// time that was.
bool IsTrue(const Value& value);

// Less than 0, 0 or more: `a` before, like or after `b`; runs of digits count as numbers, so that
// 6.9 stands before 6.10.
int CompareNaturally(std::string_view a, std::string_view b);

// Whether `text` fits `pattern`, in which '*' stands for any characters and '?' for one.
bool GlobMatches(std::string_view pattern, std::string_view text);

}  // namespace fettle::filter
