// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/pattern.h"

#include <cstring>

namespace fettle::recipe {
namespace {

constexpr int kMaxDepth = 200;
constexpr uint64_t kChargeInterval = 256;

// The C locale's classes, whatever the process's locale is.
bool IsAlpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsPrint(char c) {
  return c > 0x20 && c < 0x7F;
}

bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool IsControl(char c) {
  return (c >= 0 && c < 0x20) || c == 0x7F;
}

bool IsHex(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Whether `c` is of the class named by the letter `name`; upper case negates.
bool InClass(char c, char name) {
  bool in = false;
  switch (Lower(name)) {
    case 'a':
      in = IsAlpha(c);
      break;
    case 'c':
      in = IsControl(c);
      break;
    case 'd':
      in = IsDigit(c);
      break;
    case 'g':
      in = IsPrint(c);
      break;
    case 'l':
      in = c >= 'a' && c <= 'z';
      break;
    case 'p':
      in = IsPrint(c) && !IsAlpha(c) && !IsDigit(c);
      break;
    case 's':
      in = IsSpace(c);
      break;
    case 'u':
      in = c >= 'A' && c <= 'Z';
      break;
    case 'w':
      in = IsAlpha(c) || IsDigit(c);
      break;
    case 'x':
      in = IsHex(c);
      break;
    default:
      return name == c;
  }
  return Lower(name) == name ? in : !in;
}

bool InRange(char c, char low, char high) {
  const auto byte = static_cast<unsigned char>(c);
  return static_cast<unsigned char>(low) <= byte && byte <= static_cast<unsigned char>(high);
}

}  // namespace

PatternMatcher::PatternMatcher(std::string_view text,
                               std::string_view pattern,
                               bool anchors,
                               const Hooks& hooks)
    : text_(text), pattern_(pattern), hooks_(hooks) {
  if (anchors && !pattern_.empty() && pattern_.front() == '^') {
    anchored_ = true;
    pattern_.remove_prefix(1);
  }
}

void PatternMatcher::Step() {
  if (++steps_ % kChargeInterval == 0) {
    hooks_.charge(kChargeInterval);
  }
}

bool PatternMatcher::Find(std::size_t from, PatternMatch* match) {
  for (std::size_t at = from; at <= text_.size(); ++at) {
    if (MatchAt(at, match)) {
      return true;
    }
    if (anchored_) {
      break;
    }
  }
  return false;
}

bool PatternMatcher::MatchAt(std::size_t at, PatternMatch* match) {
  depth_ = 0;
  count_ = 0;
  const std::size_t end = Match(at, 0);
  if (end == kNone) {
    return false;
  }
  for (std::size_t i = 0; i < count_; ++i) {
    if (!captures_[i].position && captures_[i].size == kOpen) {
      hooks_.fail("unfinished capture");
    }
  }
  match->begin = at;
  match->end = end;
  match->captures = captures_;
  match->count = count_;
  return true;
}

// The end of the single-character item at `p`: a class, a set, or one character.
std::size_t PatternMatcher::ItemEnd(std::size_t p) {
  const char first = pattern_[p++];
  if (first == '%') {
    if (p >= pattern_.size()) {
      hooks_.fail("malformed pattern (ends with '%')");
    }
    return p + 1;
  }
  if (first != '[') {
    return p;
  }
  if (p < pattern_.size() && pattern_[p] == '^') {
    ++p;
  }
  do {  // A ']' that comes first is one of the set.
    if (p >= pattern_.size()) {
      hooks_.fail("malformed pattern (missing ']')");
    }
    if (pattern_[p++] == '%') {
      ++p;
    }
  } while (p >= pattern_.size() || pattern_[p] != ']');
  return p + 1;
}

// `p` at '[', `set_end` behind ']'.
bool PatternMatcher::MatchSet(char c, std::size_t p, std::size_t set_end) const {
  const std::size_t last = set_end - 1;
  bool positive = true;
  if (pattern_[++p] == '^') {
    positive = false;
    ++p;
  }
  for (; p < last; ++p) {
    if (pattern_[p] == '%') {
      ++p;
      if (InClass(c, pattern_[p])) {
        return positive;
      }
    } else if (p + 2 < last && pattern_[p + 1] == '-') {
      if (InRange(c, pattern_[p], pattern_[p + 2])) {
        return positive;
      }
      p += 2;
    } else if (pattern_[p] == c) {
      return positive;
    }
  }
  return !positive;
}

bool PatternMatcher::MatchSingle(std::size_t s, std::size_t p, std::size_t item_end) {
  Step();
  if (s >= text_.size()) {
    return false;
  }
  switch (pattern_[p]) {
    case '.':
      return true;
    case '%':
      return InClass(text_[s], pattern_[p + 1]);
    case '[':
      return MatchSet(text_[s], p, item_end);
    default:
      return pattern_[p] == text_[s];
  }
}

std::size_t PatternMatcher::MatchBalance(std::size_t s, std::size_t p) {
  if (p + 1 >= pattern_.size()) {
    hooks_.fail("malformed pattern (missing arguments to '%b')");
  }
  if (s >= text_.size() || text_[s] != pattern_[p]) {
    return kNone;
  }
  const char open = pattern_[p];
  const char close = pattern_[p + 1];
  int level = 1;
  for (++s; s < text_.size(); ++s) {
    Step();
    if (text_[s] == close) {
      if (--level == 0) {
        return s + 1;
      }
    } else if (text_[s] == open) {
      ++level;
    }
  }
  return kNone;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as kMaxDepth.
std::size_t PatternMatcher::MatchMaximal(std::size_t s, std::size_t p, std::size_t item_end) {
  std::size_t count = 0;
  while (MatchSingle(s + count, p, item_end)) {
    ++count;
  }
  for (;; --count) {
    const std::size_t end = Match(s + count, item_end + 1);
    if (end != kNone || count == 0) {
      return end;
    }
  }
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as kMaxDepth.
std::size_t PatternMatcher::MatchMinimal(std::size_t s, std::size_t p, std::size_t item_end) {
  for (;; ++s) {
    const std::size_t end = Match(s, item_end + 1);
    if (end != kNone) {
      return end;
    }
    if (!MatchSingle(s, p, item_end)) {
      return kNone;
    }
  }
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as kMaxDepth.
std::size_t PatternMatcher::StartCapture(std::size_t s, std::size_t p, bool position) {
  if (count_ >= captures_.size()) {
    hooks_.fail("too many captures");
  }
  captures_[count_] = {s, position ? 0 : kOpen, position};
  ++count_;
  const std::size_t end = Match(s, p);
  if (end == kNone) {
    --count_;
  }
  return end;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as kMaxDepth.
std::size_t PatternMatcher::EndCapture(std::size_t s, std::size_t p) {
  std::size_t open = count_;
  while (open > 0 && (captures_[open - 1].position || captures_[open - 1].size != kOpen)) {
    --open;
  }
  if (open == 0) {
    hooks_.fail("invalid pattern capture");
  }
  captures_[open - 1].size = s - captures_[open - 1].begin;
  const std::size_t end = Match(s, p);
  if (end == kNone) {
    captures_[open - 1].size = kOpen;
  }
  return end;
}

std::size_t PatternMatcher::MatchBack(std::size_t s, char digit) {
  const auto index = static_cast<std::size_t>(digit - '1');
  if (digit == '0' || index >= count_ || captures_[index].size == kOpen) {
    hooks_.fail("invalid capture index in pattern");
  }
  const std::string_view earlier = text_.substr(captures_[index].begin, captures_[index].size);
  hooks_.charge(earlier.size() / 8);
  return text_.substr(s).starts_with(earlier) ? s + earlier.size() : kNone;
}

bool PatternMatcher::MatchFrontier(std::size_t s, std::size_t p, std::size_t set_end) {
  const char before = s == 0 ? '\0' : text_[s - 1];
  return !MatchSet(before, p, set_end) && MatchSet(At(s), p, set_end);
}

// The end of the match of the pattern from `p` on with the text from `s` on. Loops where the rest
// of the pattern is plain, recurses where it may have to come back.
// NOLINTNEXTLINE(misc-no-recursion,readability-function-cognitive-complexity): one case a construct
std::size_t PatternMatcher::Match(std::size_t s, std::size_t p) {
  if (++depth_ > kMaxDepth) {
    hooks_.fail("pattern too complex");
  }
  std::size_t end = kNone;
  for (bool more = true; more;) {
    more = false;
    Step();
    if (p >= pattern_.size()) {
      end = s;
    } else if (pattern_[p] == '(') {
      const bool position = p + 1 < pattern_.size() && pattern_[p + 1] == ')';
      end = StartCapture(s, p + (position ? 2 : 1), position);
    } else if (pattern_[p] == ')') {
      end = EndCapture(s, p + 1);
    } else if (pattern_[p] == '$' && p + 1 == pattern_.size()) {
      end = s == text_.size() ? s : kNone;
    } else {
      more = MatchItem(&s, &p, &end);
    }
  }
  --depth_;
  return end;
}

// One item that is no capture: true when it matched and the loop goes on behind it.
// NOLINTNEXTLINE(misc-no-recursion): as deep as kMaxDepth.
bool PatternMatcher::MatchItem(std::size_t* s, std::size_t* p, std::size_t* end) {
  if (pattern_[*p] == '%' && *p + 1 < pattern_.size()) {
    bool handled = false;
    const bool more = MatchEscape(s, p, &handled);
    if (handled) {
      return more;
    }
  }
  const std::size_t item_end = ItemEnd(*p);
  const char suffix = item_end < pattern_.size() ? pattern_[item_end] : '\0';
  if (suffix == '*' || (suffix == '+' && MatchSingle(*s, *p, item_end))) {
    *end = MatchMaximal(suffix == '+' ? *s + 1 : *s, *p, item_end);
    return false;
  }
  if (suffix == '-') {
    *end = MatchMinimal(*s, *p, item_end);
    return false;
  }
  const bool single = suffix != '+' && MatchSingle(*s, *p, item_end);
  if (suffix == '?') {
    *end = single ? Match(*s + 1, item_end + 1) : kNone;
    *p = item_end + 1;
    return *end == kNone;
  }
  *p = item_end;
  *s += 1;
  return single;
}

// %b, %f and %1 … %9.
bool PatternMatcher::MatchEscape(std::size_t* s, std::size_t* p, bool* handled) {
  const char name = pattern_[*p + 1];
  *handled = name == 'b' || name == 'f' || IsDigit(name);
  if (name == 'f') {
    const std::size_t set = *p + 2;
    if (set >= pattern_.size() || pattern_[set] != '[') {
      hooks_.fail("missing '[' after '%f' in pattern");
    }
    const std::size_t set_end = ItemEnd(set);
    *p = set_end;
    return MatchFrontier(*s, set, set_end);
  }
  if (*handled) {
    const std::size_t end = name == 'b' ? MatchBalance(*s, *p + 2) : MatchBack(*s, name);
    *p += name == 'b' ? 4 : 2;
    *s = end;
    return end != kNone;
  }
  return false;
}

}  // namespace fettle::recipe
