// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/filter/lexer.h"
#include "lib/filter/node.h"
#include "lib/filter/value.h"

namespace fettle::filter {

// Reads the tokens of one filter, from loosest to tightest: or, and, not, what stands alone.
class Parser {
 public:
  using Tree = std::shared_ptr<const Node>;

  Parser(std::string_view text, std::vector<Token> tokens, const Language& language, absl::Time now)
      : text_(text), tokens_(std::move(tokens)), language_(language), now_(now) {}

  // The whole of it; null for no tokens.
  absl::StatusOr<Tree> Parse();

  // The fields that Parse() met.
  const std::set<std::string>& fields() const { return fields_; }

 private:
  absl::StatusOr<Tree> ParseOr(int depth);
  absl::StatusOr<Tree> ParseAnd(int depth);
  absl::StatusOr<Tree> ParseNot(int depth);
  absl::StatusOr<Tree> ParsePrimary(int depth);
  absl::StatusOr<Tree> ParseComparison();
  absl::StatusOr<Tree> ParseRelation(const Field& field);
  absl::StatusOr<Tree> ParseIn(const Field& field, bool negated);
  absl::StatusOr<Field> ParseField();
  absl::StatusOr<Literal> ParseLiteral(const Field& field, bool pattern);
  // What a literal means for the field; "" when it is good, otherwise what is wrong with it.
  std::string Fit(const Field& field, bool pattern, Literal* literal) const;
  // Whether a word that stands alone may well be meant as a field.
  bool MayBeField(std::string_view word) const;
  std::string UnknownField(std::string_view name) const;
  absl::Status Wrong(std::string_view problem) const;

  const Token& Peek(std::size_t ahead = 0) const;
  Token Take();
  bool TakeWord(std::string_view word);

  const std::string_view text_;
  const std::vector<Token> tokens_;
  const Language& language_;
  const absl::Time now_;
  std::size_t next_ = 0;
  std::set<std::string> fields_;
};

}  // namespace fettle::filter
