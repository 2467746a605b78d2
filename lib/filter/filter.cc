// SPDX-License-Identifier: Apache-2.0
#include "lib/filter/filter.h"

#include <algorithm>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/filter/node.h"
#include "lib/filter/parser.h"

namespace fettle::filter {
namespace {

constexpr std::size_t kLongest = 4096;

bool CompareHolds(const Node& node, const std::vector<Value>& values) {
  return std::any_of(values.begin(), values.end(), [&](const Value& value) {
    return std::any_of(node.literals.begin(), node.literals.end(), [&](const Literal& literal) {
      return Holds(value, node.relation, literal);
    });
  });
}

// NOLINTNEXTLINE(misc-no-recursion): once, into a comparison
std::string OnlyOf(const Node& node, std::string_view subject) {
  if (node.kind == NodeKind::kAnd) {
    for (const auto& child : node.children) {
      if (child->kind == NodeKind::kCompare && !OnlyOf(*child, subject).empty()) {
        return OnlyOf(*child, subject);
      }
    }
  }
  const bool fits = node.kind == NodeKind::kCompare && node.field == subject &&
                    node.literals.size() == 1 &&
                    (node.relation == Relation::kEqual || node.relation == Relation::kLike);
  if (!fits || (node.relation == Relation::kLike &&
                node.literals.front().text.find_first_of("*?") != std::string::npos)) {
    return "";
  }
  return node.literals.front().text;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the filter, which Parser bounds
bool HoldsOf(const Node& node, const Fields& fields) {
  // NOLINTNEXTLINE(misc-no-recursion): see above
  const auto holds = [&](const std::shared_ptr<const Node>& child) {
    return HoldsOf(*child, fields);
  };
  switch (node.kind) {
    case NodeKind::kAnd:
      return std::all_of(node.children.begin(), node.children.end(), holds);
    case NodeKind::kOr:
      return std::any_of(node.children.begin(), node.children.end(), holds);
    case NodeKind::kNot:
      return !holds(node.children.front());
    case NodeKind::kCompare:
      return CompareHolds(node, fields.Find(node.field));
    case NodeKind::kHas:
      return !fields.Find(node.field).empty();
    case NodeKind::kTrue:
      break;
  }
  const std::vector<Value> values = fields.Find(node.field);
  return std::any_of(values.begin(), values.end(), IsTrue);
}

}  // namespace

absl::StatusOr<Filter> Filter::Parse(std::string_view text,
                                     const Language& language,
                                     absl::Time now) {
  if (text.size() > kLongest) {
    return InvalidArgument("the filter has {} bytes; at most {} are read", text.size(), kLongest);
  }
  if (!IsText(text)) {
    return InvalidArgument("the filter is no UTF-8 text");
  }
  ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(text));
  Parser parser(text, std::move(tokens), language, now);
  Filter filter;
  ASSIGN_OR_RETURN(filter.root_, parser.Parse());
  filter.fields_.assign(parser.fields().begin(), parser.fields().end());
  filter.only_ = filter.root_ == nullptr ? "" : OnlyOf(*filter.root_, language.subject);
  return filter;
}

bool Filter::Matches(const Fields& fields) const {
  return root_ == nullptr || HoldsOf(*root_, fields);
}

}  // namespace fettle::filter
