// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::recipe {

// A word, a text or a sign of a Lua source. Views into the source.
struct Token {
  enum class Kind { kName, kString, kNumber, kSign };
  Kind kind = Kind::kSign;
  std::string_view text;  // A string with its quotes.
  std::size_t offset = 0;
  int line = 1;
};

// The tokens of `source`, comments left out. For looking at sources without running them: wrong
// sources give some tokens, Lua's own compiler says what is wrong.
std::vector<Token> LuaTokens(std::string_view source);

// What a short string token says; "" for one with escapes or long brackets.
std::string_view PlainString(const Token& token);

// `code` without a comment that would reach beyond its end.
std::string_view WithoutFinalComment(std::string_view code);

}  // namespace fettle::recipe
