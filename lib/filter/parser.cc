// SPDX-License-Identifier: Apache-2.0
#include "lib/filter/parser.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>

#include <fmt/ranges.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/base/when.h"

namespace fettle::filter {
namespace {

constexpr int kDeepest = 50;
constexpr std::array<std::string_view, 5> kKeywords = {"and", "or", "not", "in", "has"};

bool IsKeyword(const Token& token) {
  return token.kind == TokenKind::kWord &&
         std::find(kKeywords.begin(), kKeywords.end(), token.text) != kKeywords.end();
}

// What a token is called where it is not wanted.
std::string Name(const Token& token) {
  return token.kind == TokenKind::kEnd ? "the end" : fmt::format("\"{}\"", token.text);
}

std::optional<double> Number(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789.-+eE") != std::string::npos) {
    return std::nullopt;
  }
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return *end == '\0' && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

Relation RelationOf(std::string_view name) {
  constexpr std::pair<std::string_view, Relation> kNames[] = {
      {"<", Relation::kLess},
      {"<=", Relation::kLessOrEqual},
      {">", Relation::kGreater},
      {">=", Relation::kGreaterOrEqual},
      {"~", Relation::kLike},
  };
  for (const auto& [word, relation] : kNames) {
    if (word == name) {
      return relation;
    }
  }
  return Relation::kEqual;
}

Parser::Tree Make(Node node) {
  return std::make_shared<const Node>(std::move(node));
}

Parser::Tree Not(Parser::Tree tree) {
  Node node;
  node.kind = NodeKind::kNot;
  node.children.push_back(std::move(tree));
  return Make(std::move(node));
}

// Several joined, or the only one.
Parser::Tree Join(NodeKind kind, std::vector<Parser::Tree> trees) {
  if (trees.size() == 1) {
    return trees.front();
  }
  Node node;
  node.kind = kind;
  node.children = std::move(trees);
  return Make(std::move(node));
}

}  // namespace

const Token& Parser::Peek(std::size_t ahead) const {
  return tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
}

Token Parser::Take() {
  Token token = Peek();
  next_ += next_ + 1 < tokens_.size() ? 1 : 0;
  return token;
}

bool Parser::TakeWord(std::string_view word) {
  if (Peek().kind != TokenKind::kWord || Peek().text != word) {
    return false;
  }
  Take();
  return true;
}

absl::Status Parser::Wrong(std::string_view problem) const {
  return ErrorAt(text_, Peek().column, problem);
}

bool Parser::MayBeField(std::string_view word) const {
  const std::size_t dot = word.find('.');
  const bool known = std::any_of(language_.fields.begin(),
                                 language_.fields.end(),
                                 [&](const Field& field) { return field.name == word; });
  return known || (dot != std::string_view::npos &&
                   std::find(language_.open.begin(), language_.open.end(), word.substr(0, dot)) !=
                       language_.open.end());
}

absl::StatusOr<Parser::Tree> Parser::Parse() {
  if (Peek().kind == TokenKind::kEnd) {
    return Tree();
  }
  const bool alone = Peek().kind == TokenKind::kWord || Peek().kind == TokenKind::kQuoted;
  if (alone && !IsKeyword(Peek()) && Peek(1).kind == TokenKind::kEnd) {
    if (Peek().kind == TokenKind::kWord && MayBeField(Peek().text)) {
      return Wrong(
          fmt::format("\"{0}\" alone could be a field or a {1}; write ({0}) for the field, "
                      "{1} == {0} for the {1}",
                      Peek().text,
                      language_.subject));
    }
    Node node;
    node.kind = NodeKind::kCompare;
    node.field = language_.subject;
    node.relation = Relation::kLike;
    node.literals.push_back({Take().text, {}, {}, {}});
    fields_.insert(node.field);
    return Make(std::move(node));
  }
  ASSIGN_OR_RETURN(Tree tree, ParseOr(0));
  if (Peek().kind != TokenKind::kEnd) {
    return Wrong(fmt::format("expected \"and\", \"or\" or the end, not {}", Name(Peek())));
  }
  return tree;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the parentheses, which ParsePrimary() bounds
absl::StatusOr<Parser::Tree> Parser::ParseOr(int depth) {
  std::vector<Tree> trees;
  do {
    ASSIGN_OR_RETURN(Tree tree, ParseAnd(depth));
    trees.push_back(std::move(tree));
  } while (TakeWord("or"));
  return Join(NodeKind::kOr, std::move(trees));
}

// NOLINTNEXTLINE(misc-no-recursion): see ParseOr()
absl::StatusOr<Parser::Tree> Parser::ParseAnd(int depth) {
  std::vector<Tree> trees;
  do {
    ASSIGN_OR_RETURN(Tree tree, ParseNot(depth));
    trees.push_back(std::move(tree));
  } while (TakeWord("and"));
  return Join(NodeKind::kAnd, std::move(trees));
}

// NOLINTNEXTLINE(misc-no-recursion): see ParseOr()
absl::StatusOr<Parser::Tree> Parser::ParseNot(int depth) {
  bool negated = false;
  while (TakeWord("not")) {
    negated = !negated;
  }
  ASSIGN_OR_RETURN(Tree tree, ParsePrimary(depth));
  return negated ? Not(std::move(tree)) : tree;
}

// NOLINTNEXTLINE(misc-no-recursion): see ParseOr()
absl::StatusOr<Parser::Tree> Parser::ParsePrimary(int depth) {
  if (Peek().kind != TokenKind::kOpen) {
    return ParseComparison();
  }
  if (depth >= kDeepest) {
    return Wrong(fmt::format("parentheses are nested deeper than {}", kDeepest));
  }
  const Token open = Take();
  ASSIGN_OR_RETURN(Tree tree, ParseOr(depth + 1));
  if (Peek().kind == TokenKind::kEnd) {
    return ErrorAt(text_, open.column, "this parenthesis is not closed");
  }
  if (Peek().kind != TokenKind::kClose) {
    return Wrong(fmt::format("expected \"and\", \"or\" or \")\", not {}", Name(Peek())));
  }
  Take();
  return tree;
}

absl::StatusOr<Parser::Tree> Parser::ParseComparison() {
  Node node;
  if (TakeWord("has")) {
    ASSIGN_OR_RETURN(const Field field, ParseField());
    node.kind = NodeKind::kHas;
    node.field = field.name;
    return Make(std::move(node));
  }
  ASSIGN_OR_RETURN(const Field field, ParseField());
  if (Peek().kind == TokenKind::kOperator) {
    return ParseRelation(field);
  }
  if (TakeWord("in")) {
    return ParseIn(field, false);
  }
  if (Peek().kind == TokenKind::kWord && Peek().text == "not" && Peek(1).text == "in") {
    Take();
    Take();
    return ParseIn(field, true);
  }
  node.kind = NodeKind::kTrue;
  node.field = field.name;
  return Make(std::move(node));
}

absl::StatusOr<Parser::Tree> Parser::ParseRelation(const Field& field) {
  Node node;
  node.kind = NodeKind::kCompare;
  node.field = field.name;
  const Token name = Take();
  node.relation = RelationOf(name.text);
  const bool equal = node.relation == Relation::kEqual;
  if (node.relation == Relation::kLike && field.kind != Kind::kText && field.kind != Kind::kAny) {
    return ErrorAt(
        text_, name.column, fmt::format("{} is no text that fits a pattern", field.name));
  }
  if (!equal && field.kind == Kind::kTruth) {
    return ErrorAt(
        text_, name.column, fmt::format("{} is true or false; compare with == or !=", field.name));
  }
  ASSIGN_OR_RETURN(Literal literal, ParseLiteral(field, !equal));
  node.literals.push_back(std::move(literal));
  Tree tree = Make(std::move(node));
  return name.text == "!=" ? Not(std::move(tree)) : tree;
}

absl::StatusOr<Parser::Tree> Parser::ParseIn(const Field& field, bool negated) {
  Node node;
  node.kind = NodeKind::kCompare;
  node.field = field.name;
  if (Peek().kind != TokenKind::kListOpen) {
    return Wrong("\"in\" wants a list: in [web, db]");
  }
  Take();
  while (Peek().kind != TokenKind::kListClose) {
    ASSIGN_OR_RETURN(Literal literal, ParseLiteral(field, false));
    node.literals.push_back(std::move(literal));
    if (Peek().kind == TokenKind::kComma) {
      Take();
    } else if (Peek().kind != TokenKind::kListClose) {
      return Wrong(fmt::format("expected \",\" or \"]\", not {}", Name(Peek())));
    }
  }
  Take();
  Tree tree = Make(std::move(node));
  return negated ? Not(std::move(tree)) : tree;
}

absl::StatusOr<Field> Parser::ParseField() {
  if (Peek().kind != TokenKind::kWord || IsKeyword(Peek())) {
    return Wrong(fmt::format("expected the name of a field, not {}", Name(Peek())));
  }
  const std::string& name = Peek().text;
  const auto known = std::find_if(language_.fields.begin(),
                                  language_.fields.end(),
                                  [&](const Field& field) { return field.name == name; });
  const bool open =
      std::find(language_.open.begin(), language_.open.end(), name.substr(0, name.find('.'))) !=
      language_.open.end();
  if (known == language_.fields.end() && !open) {
    return Wrong(UnknownField(name));
  }
  const std::string_view kept = *fields_.insert(name).first;
  Take();
  return known != language_.fields.end() ? *known : Field{kept, Kind::kAny, {}};
}

std::string Parser::UnknownField(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const Field& field : language_.fields) {
    names.push_back(field.name);
  }
  names.insert(names.end(), language_.open.begin(), language_.open.end());
  std::string meant = DidYouMean(name, names);
  const std::size_t dot = name.find('.');
  if (meant.empty() && dot != std::string_view::npos) {
    const std::string_view first = ClosestMatch(name.substr(0, dot), language_.open);
    meant = first.empty() ? "" : fmt::format("; did you mean \"{}{}\"?", first, name.substr(dot));
  }
  const bool labels =
      std::find(language_.open.begin(), language_.open.end(), "labels") != language_.open.end();
  if (meant.empty() && labels) {
    meant = fmt::format("; a label is labels.{0}, a fact of your own facts.{0}", name);
  }
  return fmt::format("there is no field \"{}\"{}", name, meant);
}

absl::StatusOr<Literal> Parser::ParseLiteral(const Field& field, bool pattern) {
  const Token token = Peek();
  if ((token.kind != TokenKind::kWord && token.kind != TokenKind::kQuoted) || IsKeyword(token)) {
    return Wrong(fmt::format("expected a value for {}, not {}", field.name, Name(token)));
  }
  Take();
  Literal literal;
  literal.text = token.text;
  if (field.kind == Kind::kTime && TakeWord("ago")) {
    literal.text += " ago";
  }
  const std::string problem = Fit(field, pattern, &literal);
  return problem.empty() ? absl::StatusOr<Literal>(std::move(literal))
                         : ErrorAt(text_, token.column, problem);
}

std::string Parser::Fit(const Field& field, bool pattern, Literal* literal) const {
  literal->number = Number(literal->text);
  if (literal->text == "true" || literal->text == "false") {
    literal->truth = literal->text == "true";
  }
  if (field.kind == Kind::kNumber && !literal->number.has_value()) {
    return fmt::format("{} is a number, \"{}\" is none", field.name, literal->text);
  }
  if (field.kind == Kind::kTruth && !literal->truth.has_value()) {
    return fmt::format("{} is true or false, not \"{}\"", field.name, literal->text);
  }
  if (field.kind == Kind::kTime) {
    const auto time = ParseWhen(literal->text, now_, absl::UTCTimeZone());
    if (!time.ok()) {
      return std::string(time.status().message());
    }
    literal->time = *time;
  }
  const bool known =
      pattern || field.words.empty() ||
      std::find(field.words.begin(), field.words.end(), literal->text) != field.words.end();
  return known ? ""
               : fmt::format("{} is one of {}, not \"{}\"{}",
                             field.name,
                             fmt::join(field.words, ", "),
                             literal->text,
                             DidYouMean(literal->text, field.words));
}

}  // namespace fettle::filter
