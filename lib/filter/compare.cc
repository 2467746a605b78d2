// SPDX-License-Identifier: Apache-2.0
#include "lib/filter/compare.h"

#include <algorithm>
#include <cmath>

namespace fettle::filter {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// Takes the run of digits, or the one other character, that `text` begins with.
std::string_view TakePart(std::string_view& text) {
  std::size_t length = 1;
  while (IsDigit(text[0]) && length < text.size() && IsDigit(text[length])) {
    ++length;
  }
  std::string_view part = text.substr(0, length);
  text.remove_prefix(length);
  while (part.size() > 1 && part[0] == '0') {
    part.remove_prefix(1);
  }
  return part;
}

template <typename T>
int Order(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

bool Decide(int order, Relation relation) {
  switch (relation) {
    case Relation::kEqual:
      return order == 0;
    case Relation::kLess:
      return order < 0;
    case Relation::kLessOrEqual:
      return order <= 0;
    case Relation::kGreater:
      return order > 0;
    case Relation::kGreaterOrEqual:
      return order >= 0;
    case Relation::kLike:
      break;
  }
  return false;
}

bool TextHolds(const std::string& text, Relation relation, const Literal& literal) {
  if (relation == Relation::kLike) {
    return GlobMatches(literal.text, text);
  }
  const int order = relation == Relation::kEqual ? Order(text, literal.text)
                                                 : CompareNaturally(text, literal.text);
  return Decide(order, relation);
}

}  // namespace

bool Holds(const Value& value, Relation relation, const Literal& literal) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    return TextHolds(*text, relation, literal);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return literal.number.has_value() && Decide(Order(*number, *literal.number), relation);
  }
  if (const auto* truth = std::get_if<bool>(&value)) {
    return literal.truth.has_value() && relation == Relation::kEqual && *truth == *literal.truth;
  }
  return literal.time.has_value() &&
         Decide(Order(std::get<absl::Time>(value), *literal.time), relation);
}

bool IsTrue(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    return !text->empty();
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return std::fpclassify(*number) != FP_ZERO;
  }
  const auto* truth = std::get_if<bool>(&value);
  return truth == nullptr || *truth;
}

int CompareNaturally(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const bool numbers = IsDigit(a[0]) && IsDigit(b[0]);
    const std::string_view left = TakePart(a);
    const std::string_view right = TakePart(b);
    const int order = numbers && left.size() != right.size() ? Order(left.size(), right.size())
                                                             : Order(left, right);
    if (order != 0) {
      return order;
    }
  }
  return Order(a.size(), b.size());
}

bool GlobMatches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // Where to go back to: the last '*' and what it took.
  std::size_t taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace fettle::filter
