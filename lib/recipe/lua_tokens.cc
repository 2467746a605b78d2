// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/lua_tokens.h"

#include <algorithm>

namespace fettle::recipe {
namespace {

bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

class Scanner {
 public:
  explicit Scanner(std::string_view source) : source_(source) {}

  // The next token; false at the end.
  bool Next(Token* token) {
    SkipBlanks();
    if (at_ >= source_.size()) {
      return false;
    }
    token->offset = at_;
    token->line = line_;
    token->kind = Take();
    token->text = source_.substr(token->offset, at_ - token->offset);
    line_ += static_cast<int>(std::count(token->text.begin(), token->text.end(), '\n'));
    return true;
  }

  // Where a line comment began that the source's end cut, npos if none did.
  std::size_t open_comment() const { return open_comment_; }

 private:
  char Peek(std::size_t ahead) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  // Moves behind `end`, counting lines.
  void SkipTo(std::size_t end) {
    end = std::min(end, source_.size());
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         source_.begin() + static_cast<std::ptrdiff_t>(end),
                                         '\n'));
    at_ = end;
  }

  void SkipBlanks() {
    while (at_ < source_.size()) {
      if (source_[at_] == '-' && Peek(1) == '-') {
        SkipComment();
      } else if (source_[at_] == ' ' || (source_[at_] >= '\t' && source_[at_] <= '\r')) {
        SkipTo(at_ + 1);
      } else {
        return;
      }
    }
  }

  void SkipComment() {
    const std::size_t begin = at_;
    const std::size_t long_end = LongEnd(at_ + 2);
    if (long_end != std::string_view::npos) {
      SkipTo(long_end);
      return;
    }
    const std::size_t end = source_.find('\n', at_);
    if (end == std::string_view::npos) {
      open_comment_ = begin;
    }
    SkipTo(end);
  }

  // Behind the long bracket that opens at `at`, npos if none does.
  std::size_t LongEnd(std::size_t at) const {
    if (at >= source_.size() || source_[at] != '[') {
      return std::string_view::npos;
    }
    std::size_t level = 0;
    while (at + 1 + level < source_.size() && source_[at + 1 + level] == '=') {
      ++level;
    }
    if (at + 1 + level >= source_.size() || source_[at + 1 + level] != '[') {
      return std::string_view::npos;
    }
    std::string close(level + 2, '=');
    close.front() = close.back() = ']';
    const std::size_t end = source_.find(close, at + level + 2);
    return end == std::string_view::npos ? source_.size() : end + close.size();
  }

  Token::Kind Take() {
    const char first = source_[at_];
    if (IsNameStart(first)) {
      while (IsNameStart(Peek(0)) || IsDigit(Peek(0))) {
        ++at_;
      }
      return Token::Kind::kName;
    }
    if (IsDigit(first)) {
      while (IsNameStart(Peek(0)) || IsDigit(Peek(0)) || Peek(0) == '.') {
        ++at_;
      }
      return Token::Kind::kNumber;
    }
    if (first == '"' || first == '\'') {
      TakeQuoted(first);
      return Token::Kind::kString;
    }
    const std::size_t long_end = LongEnd(at_);
    if (long_end != std::string_view::npos) {
      at_ = long_end;
      return Token::Kind::kString;
    }
    const bool twice =
        (first == '=' || first == '~' || first == '<' || first == '>') && Peek(1) == '=';
    at_ += twice ? 2 : 1;
    return Token::Kind::kSign;
  }

  void TakeQuoted(char quote) {
    for (++at_; at_ < source_.size() && source_[at_] != quote && source_[at_] != '\n'; ++at_) {
      if (source_[at_] == '\\') {
        ++at_;
      }
    }
    at_ = std::min(at_ + 1, source_.size());
  }

  std::string_view source_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::size_t open_comment_ = std::string_view::npos;
};

}  // namespace

std::vector<Token> LuaTokens(std::string_view source) {
  std::vector<Token> tokens;
  Scanner scanner(source);
  Token token;
  while (scanner.Next(&token)) {
    tokens.push_back(token);
  }
  return tokens;
}

std::string_view PlainString(const Token& token) {
  const std::string_view text = token.text;
  if (token.kind != Token::Kind::kString || text.size() < 2 || text.front() == '[' ||
      text.find('\\') != std::string_view::npos) {
    return {};
  }
  return text.substr(1, text.size() - 2);
}

std::string_view WithoutFinalComment(std::string_view code) {
  Scanner scanner(code);
  Token token;
  while (scanner.Next(&token)) {
  }
  return code.substr(0, scanner.open_comment());
}

}  // namespace fettle::recipe
