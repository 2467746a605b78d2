// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/filter/compare.h"

namespace fettle::filter {

enum class NodeKind : uint8_t {
  kAnd,      // All of `children`.
  kOr,       // One of `children`.
  kNot,      // Not the one of `children`.
  kCompare,  // One value of `field` stands in `relation` to one of `literals`.
  kHas,      // `field` is there.
  kTrue,     // One value of `field` counts as true.
};

struct Node {
  NodeKind kind = NodeKind::kTrue;
  std::vector<std::shared_ptr<const Node>> children;
  std::string field;
  Relation relation = Relation::kEqual;
  std::vector<Literal> literals;
};

}  // namespace fettle::filter
