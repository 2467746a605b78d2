// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/batch.h"

#include <algorithm>
#include <string_view>

namespace fettle::engine {
namespace {

bool SteersPackages(const resource::Footprint& footprint) {
  return std::any_of(footprint.owns.begin(), footprint.owns.end(), [](std::string_view thing) {
    return thing == "path:/etc/apt" || thing == "path:/etc/dpkg" ||
           thing.starts_with("path:/etc/apt/") || thing.starts_with("path:/etc/dpkg/");
  });
}

}  // namespace

std::vector<std::size_t> ChooseBatch(const Prepared& prepared,
                                     std::size_t position,
                                     const std::function<bool(std::size_t)>& due) {
  const resource::Order& order = prepared.order();
  const std::size_t first = order.sequence[position];
  const resource::ResourceType* type = prepared.items()[first].type;
  std::vector<std::size_t> batch{first};
  // Who follows a due resource that is not in the batch.
  std::vector<bool> held(prepared.items().size(), false);
  for (std::size_t at = position + 1; at < order.sequence.size(); ++at) {
    const std::size_t index = order.sequence[at];
    const Item& item = prepared.items()[index];
    const bool is_due = due(index);
    if (is_due && (item.type->schema->opaque || SteersPackages(prepared.footprints()[index]))) {
      break;
    }
    // A guard may depend on anything that comes before it.
    if (is_due && item.type == type && !held[index] && item.declaration->guards.empty()) {
      batch.push_back(index);
      continue;
    }
    if (is_due || held[index]) {
      for (const std::size_t successor : order.successors[index]) {
        held[successor] = true;
      }
    }
  }
  return batch;
}

}  // namespace fettle::engine
