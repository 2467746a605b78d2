// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fettle::filter {

enum class TokenKind : uint8_t {
  kWord,
  kQuoted,
  kOperator,
  kOpen,
  kClose,
  kListOpen,
  kListClose,
  kComma,
  kEnd
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;        // Of a quoted one what it means, without the quotes.
  std::size_t column = 0;  // From 0, in bytes.
};

// The tokens of a filter, the last of them kEnd. kInvalidArgument as ErrorAt() makes it.
absl::StatusOr<std::vector<Token>> Tokenize(std::string_view text);

// kInvalidArgument: what is wrong, with the column counted from 1, then the filter, then a caret
// below the place.
absl::Status ErrorAt(std::string_view text, std::size_t column, std::string_view problem);

}  // namespace fettle::filter
