// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/mark_guards.h"

#include <cstddef>
#include <vector>

#include <fmt/format.h>

#include "lib/recipe/lua_tokens.h"

namespace fettle::recipe {
namespace {

bool Opens(std::string_view text) {
  return text == "{" || text == "(" || text == "[" || text == "function" || text == "do" ||
         text == "if" || text == "repeat";
}

bool Closes(std::string_view text) {
  return text == "}" || text == ")" || text == "]" || text == "end" || text == "until";
}

bool IsGuardName(const Token& token) {
  return token.kind == Token::Kind::kName && (token.text == "only_if" || token.text == "unless");
}

}  // namespace

std::string MarkGuards(std::string_view source) {
  if (source.find("only_if") == std::string_view::npos &&
      source.find("unless") == std::string_view::npos) {
    return std::string(source);
  }
  const std::vector<Token> tokens = LuaTokens(source);
  std::vector<std::string_view> open;
  std::string marked;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string_view text = tokens[i].text;
    const bool is_string = tokens[i].kind == Token::Kind::kString;
    if (!is_string && Opens(text)) {
      open.push_back(text);
    } else if (!is_string && Closes(text) && !open.empty()) {
      open.pop_back();
    }
    const bool field =
        i > 0 && i + 1 < tokens.size() && !open.empty() && open.back() == "{" &&
        tokens[i + 1].text == "=" &&
        (tokens[i - 1].text == "{" || tokens[i - 1].text == "," || tokens[i - 1].text == ";");
    if (field && IsGuardName(tokens[i])) {
      marked += source.substr(copied, tokens[i].offset - copied);
      marked += fmt::format("{} = true, ", kGuardMark);
      copied = tokens[i].offset;
    }
  }
  marked += source.substr(copied);
  return marked;
}

}  // namespace fettle::recipe
