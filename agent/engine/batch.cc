// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/batch.h"

#include <algorithm>
#include <string_view>

#include "absl/container/flat_hash_set.h"

namespace fettle::engine {
namespace {

bool SteersPackages(const resource::Footprint& footprint) {
  return std::any_of(footprint.owns.begin(), footprint.owns.end(), [](std::string_view thing) {
    return thing == "path:/etc/apt" || thing == "path:/etc/dpkg" ||
           thing.starts_with("path:/etc/apt/") || thing.starts_with("path:/etc/dpkg/");
  });
}

// So many are changed together at most: what is written down of them is not yet so while they are
// under way.
constexpr std::size_t kMostInOrder = 512;

// Neighbours in the order, all of one type: those at rest among them are passed over. Nothing that
// could look at the members, wait for one, or be told of one, stands between the first and the
// last, so that changing them in their order in one go is what would have happened anyway.
std::vector<std::size_t> ChooseNeighbours(const Prepared& prepared,
                                          std::size_t position,
                                          const std::function<bool(std::size_t)>& due) {
  const resource::Order& order = prepared.order();
  const resource::ResourceType* type = prepared.items()[order.sequence[position]].type;
  std::vector<std::size_t> batch;
  absl::flat_hash_set<std::size_t> awaiting;  // Who follows, needs or is told of a member.
  const auto add = [&](std::size_t index) {
    batch.push_back(index);
    for (const auto* concerned : {&order.successors[index], &order.dependents[index]}) {
      awaiting.insert(concerned->begin(), concerned->end());
    }
  };
  add(order.sequence[position]);
  for (std::size_t at = position + 1; at < order.sequence.size() && batch.size() < kMostInOrder;
       ++at) {
    const std::size_t index = order.sequence[at];
    const Item& item = prepared.items()[index];
    if (item.type != type || !item.declaration->guards.empty() || awaiting.contains(index)) {
      break;
    }
    if (due(index)) {
      add(index);
    }
  }
  return batch;
}

}  // namespace

std::vector<std::size_t> ChooseBatch(const Prepared& prepared,
                                     std::size_t position,
                                     const std::function<bool(std::size_t)>& due) {
  const resource::Order& order = prepared.order();
  const std::size_t first = order.sequence[position];
  const resource::ResourceType* type = prepared.items()[first].type;
  if (type->batch_in_order) {
    return ChooseNeighbours(prepared, position, due);
  }
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
