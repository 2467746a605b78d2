// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace fettle::recipe {

// Lua 5.4's patterns, matched by code of ours so that every step can be counted: a pattern that
// backtracks without end then runs into the instruction limit instead of hanging the process.
struct PatternCapture {
  std::size_t begin = 0;
  std::size_t size = 0;
  bool position = false;  // "()": captures where it stands.
};

struct PatternMatch {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::array<PatternCapture, 32> captures;
  std::size_t count = 0;
};

class PatternMatcher {
 public:
  // `charge` is called with a number of steps every now and then and may throw. `fail` is called
  // with what is wrong with the pattern and throws.
  struct Hooks {
    std::function<void(uint64_t)> charge;
    std::function<void(const char*)> fail;
  };

  // The views must outlive the matcher. A leading '^' anchors, unless `anchors` is false (gmatch).
  PatternMatcher(std::string_view text, std::string_view pattern, bool anchors, const Hooks& hooks);

  bool anchored() const { return anchored_; }

  // The first match that begins at `from` or later (exactly there if anchored).
  bool Find(std::size_t from, PatternMatch* match);

  // The match that begins exactly at `at`.
  bool MatchAt(std::size_t at, PatternMatch* match);

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static constexpr std::size_t kOpen = static_cast<std::size_t>(-2);  // Size of an open capture.

  std::size_t Match(std::size_t s, std::size_t p);
  bool MatchItem(std::size_t* s, std::size_t* p, std::size_t* end);
  bool MatchEscape(std::size_t* s, std::size_t* p, bool* handled);
  std::size_t MatchMaximal(std::size_t s, std::size_t p, std::size_t item_end);
  std::size_t MatchMinimal(std::size_t s, std::size_t p, std::size_t item_end);
  std::size_t MatchBalance(std::size_t s, std::size_t p);
  std::size_t MatchBack(std::size_t s, char digit);
  bool MatchFrontier(std::size_t s, std::size_t p, std::size_t set_end);
  std::size_t StartCapture(std::size_t s, std::size_t p, bool position);
  std::size_t EndCapture(std::size_t s, std::size_t p);
  bool MatchSingle(std::size_t s, std::size_t p, std::size_t item_end);
  bool MatchSet(char c, std::size_t p, std::size_t set_end) const;
  std::size_t ItemEnd(std::size_t p);

  char At(std::size_t s) const { return s < text_.size() ? text_[s] : '\0'; }

  void Step();

  std::string_view text_;
  std::string_view pattern_;
  const Hooks& hooks_;
  bool anchored_ = false;
  int depth_ = 0;
  uint64_t steps_ = 0;
  std::array<PatternCapture, 32> captures_;
  std::size_t count_ = 0;
};

}  // namespace fettle::recipe
