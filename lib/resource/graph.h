// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "lib/resource/catalog.h"
#include "lib/resource/schema.h"

namespace fettle::resource {

// The order of a catalog: near-linear in resources and edges.
struct Order {
  std::vector<std::size_t> sequence;  // All resources, each after what it must follow.
  std::vector<std::vector<std::size_t>>
      successors;  // By index: who must come after (declared and automatic), sorted.
  std::vector<std::vector<std::size_t>>
      dependents;  // By index: who is skipped when it fails (requires, and automatic
                   // needs on what it provides: a file whose directory failed).
};

// Finds everything that is wrong with a catalog as a whole: cycles of declared relations (the
// shortest, each member with its position), two resources that own the same thing, and one that
// edits a part of what another fills as a whole (both positions). Empty if nothing is. `schemas` is
// parallel to the resources. Pure; used by the evaluator so that a wrong catalog never leaves it.
std::vector<std::string> CheckGraph(const Catalog& catalog,
                                    const std::vector<const Schema*>& schemas);

// The order: written order, moved only where a declared relation or an automatic one (Footprint:
// needs after provides) asks for it. An automatic relation that contradicts declared ones is
// dropped. The catalog passed CheckGraph().
Order OrderCatalog(const Catalog& catalog, const std::vector<const Schema*>& schemas);

}  // namespace fettle::resource
