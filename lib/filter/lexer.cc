// SPDX-License-Identifier: Apache-2.0
#include "lib/filter/lexer.h"

#include <algorithm>
#include <array>

#include "lib/base/status_macros.h"

namespace fettle::filter {
namespace {

constexpr std::string_view kNotInWords = " \t\r\n()[],\"'=!<>~";

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// The text from the quote at `begin`; `*end` is behind the closing one.
absl::StatusOr<std::string> Quoted(std::string_view text, std::size_t begin, std::size_t* end) {
  const char quote = text[begin];
  std::string value;
  for (std::size_t at = begin + 1; at < text.size(); ++at) {
    if (text[at] == quote) {
      *end = at + 1;
      return value;
    }
    if (text[at] == '\\' && at + 1 < text.size()) {
      ++at;
    }
    value += text[at];
  }
  return ErrorAt(text, begin, fmt::format("the text that begins here has no closing {}", quote));
}

absl::StatusOr<std::string_view> Operator(std::string_view text, std::size_t at) {
  for (const std::string_view known : {"==", "!=", "<=", ">=", "<", ">", "~"}) {
    if (text.substr(at).starts_with(known)) {
      return known;
    }
  }
  return ErrorAt(text,
                 at,
                 text[at] == '=' ? "one = compares nothing; write =="
                                 : "one ! means nothing; write != or not");
}

TokenKind KindOf(char c) {
  switch (c) {
    case '(':
      return TokenKind::kOpen;
    case ')':
      return TokenKind::kClose;
    case '[':
      return TokenKind::kListOpen;
    case ']':
      return TokenKind::kListClose;
    case ',':
      return TokenKind::kComma;
    case '"':
    case '\'':
      return TokenKind::kQuoted;
    case '=':
    case '!':
    case '<':
    case '>':
    case '~':
      return TokenKind::kOperator;
    default:
      return TokenKind::kWord;
  }
}

// The token at `at`, which is no blank; `*end` is behind it.
absl::StatusOr<Token> TokenAt(std::string_view text, std::size_t at, std::size_t* end) {
  Token token{KindOf(text[at]), std::string(1, text[at]), at};
  *end = at + 1;
  if (token.kind == TokenKind::kQuoted) {
    ASSIGN_OR_RETURN(token.text, Quoted(text, at, end));
  } else if (token.kind == TokenKind::kOperator) {
    ASSIGN_OR_RETURN(const std::string_view name, Operator(text, at));
    token.text = name;
    *end = at + name.size();
  } else if (token.kind == TokenKind::kWord) {
    *end = std::min(text.find_first_of(kNotInWords, at), text.size());
    token.text = text.substr(at, *end - at);
  }
  return token;
}

}  // namespace

absl::Status ErrorAt(std::string_view text, std::size_t column, std::string_view problem) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c >= 0 && c < ' '; }, ' ');
  // A caret stands below a character, not below a byte of one.
  const auto before =
      std::count_if(line.begin(),
                    line.begin() + static_cast<std::ptrdiff_t>(std::min(column, line.size())),
                    [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  return InvalidArgument("filter, column {}: {}\n  {}\n  {}^",
                         before + 1,
                         problem,
                         line,
                         std::string(static_cast<std::size_t>(before), ' '));
}

absl::StatusOr<std::vector<Token>> Tokenize(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  while (at < text.size()) {
    if (IsBlank(text[at])) {
      ++at;
      continue;
    }
    ASSIGN_OR_RETURN(Token token, TokenAt(text, at, &at));
    tokens.push_back(std::move(token));
  }
  tokens.push_back({TokenKind::kEnd, "", text.size()});
  return tokens;
}

}  // namespace fettle::filter
