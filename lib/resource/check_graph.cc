// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include <fmt/format.h>

#include "lib/resource/check_groups.h"
#include "lib/resource/check_members.h"
#include "lib/resource/components.h"
#include "lib/resource/describe.h"
#include "lib/resource/graph.h"

namespace fettle::resource {
namespace {

// Steps of the search for the shortest cycle of a catalog; beyond them the shortest found so far is
// printed.
constexpr std::size_t kSearchSteps = 4'000'000;
constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

// "Comes after": from each resource to those it was told to follow.
Edges Predecessors(const Catalog& catalog) {
  Edges edges(catalog.resources.size());
  for (std::size_t i = 0; i < catalog.resources.size(); ++i) {
    for (const Relation& relation : catalog.resources[i].relations) {
      edges[i].push_back(relation.target);
    }
  }
  return edges;
}

class CycleFinder {
 public:
  CycleFinder(const Edges& edges, const std::vector<std::size_t>& component)
      : edges_(edges), component_(component), reached_from_(edges.size(), kNowhere) {}

  // The shortest cycle among `members` of one component; empty if there is none.
  std::vector<std::size_t> Shortest(const std::vector<std::size_t>& members) {
    std::vector<std::size_t> best;
    for (const std::size_t start : members) {
      std::vector<std::size_t> cycle = Through(start);
      if (!cycle.empty() && (best.empty() || cycle.size() < best.size())) {
        best = std::move(cycle);
      }
      if (steps_ > kSearchSteps) {
        break;
      }
    }
    return best;
  }

 private:
  // The shortest cycle through `start`, by breadth.
  std::vector<std::size_t> Through(std::size_t start) {
    std::vector<std::size_t> queue{start};
    std::vector<std::size_t> cycle;
    for (std::size_t head = 0; head < queue.size() && cycle.empty(); ++head) {
      Expand(queue[head], start, &queue, &cycle);
    }
    for (const std::size_t node : queue) {
      reached_from_[node] = kNowhere;
    }
    return cycle;
  }

  void Expand(std::size_t node,
              std::size_t start,
              std::vector<std::size_t>* queue,
              std::vector<std::size_t>* cycle) {
    for (const std::size_t next : edges_[node]) {
      ++steps_;
      if (next == start) {
        *cycle = PathTo(node, start);
        return;
      }
      if (component_[next] == component_[start] && reached_from_[next] == kNowhere) {
        reached_from_[next] = node;
        queue->push_back(next);
      }
    }
  }

  std::vector<std::size_t> PathTo(std::size_t node, std::size_t start) const {
    std::vector<std::size_t> path{node};
    while (node != start) {
      node = reached_from_[node];
      path.push_back(node);
    }
    std::reverse(path.begin(), path.end());
    return path;
  }

  const Edges& edges_;
  const std::vector<std::size_t>& component_;
  std::vector<std::size_t> reached_from_;
  std::size_t steps_ = 0;
};

std::string DescribeCycle(const Catalog& catalog, const std::vector<std::size_t>& cycle) {
  constexpr std::size_t kShown = 20;
  std::string text =
      cycle.size() == 1
          ? std::string("a resource waits for itself: ")
          : fmt::format("{} resources wait for each other in a circle: ", cycle.size());
  for (std::size_t i = 0; i < std::min(cycle.size(), kShown); ++i) {
    text += Describe(catalog.resources[cycle[i]]) + " comes after ";
  }
  if (cycle.size() > kShown) {
    text += fmt::format("{} more, which come after ", cycle.size() - kShown);
  }
  return text + catalog.resources[cycle.front()].Id() + "; take one of these relations away";
}

void CheckCycles(const Catalog& catalog, std::vector<std::string>* errors) {
  const Edges edges = Predecessors(catalog);
  const std::vector<std::size_t> component = Components(edges);
  std::vector<std::vector<std::size_t>> members(edges.size());
  for (std::size_t i = 0; i < edges.size(); ++i) {
    members[component[i]].push_back(i);
  }
  std::sort(members.begin(), members.end());
  CycleFinder finder(edges, component);
  for (const std::vector<std::size_t>& part : members) {
    const std::vector<std::size_t> cycle = finder.Shortest(part);
    if (!cycle.empty()) {
      errors->push_back(DescribeCycle(catalog, cycle));
    }
  }
}

// Who fills a whole thing ("content:<path>" among what he provides) and who edits a part of it (the
// same among his needs) would undo each other's work.
void CheckEditors(const Catalog& catalog,
                  const std::vector<Footprint>& footprints,
                  std::vector<std::string>* errors) {
  constexpr std::string_view kContent = "content:";
  absl::flat_hash_map<std::string, std::size_t> fills;
  std::vector<std::pair<std::string, std::size_t>> edits;
  for (std::size_t i = 0; i < catalog.resources.size(); ++i) {
    for (const std::string& thing : footprints[i].provides) {
      if (thing.starts_with(kContent)) {
        fills.try_emplace(thing, i);
      }
    }
    for (const std::string& thing : footprints[i].needs) {
      if (thing.starts_with(kContent)) {
        edits.emplace_back(thing, i);
      }
    }
  }
  for (const auto& [thing, editor] : edits) {
    const auto filler = fills.find(thing);
    if (filler != fills.end() && filler->second != editor) {
      errors->push_back(fmt::format(
          "{} manages all of {}, and {} a part of it: each would undo the other; write that part "
          "into the whole, or say replace = false there",
          Describe(catalog.resources[filler->second]),
          thing.substr(kContent.size()),
          Describe(catalog.resources[editor])));
    }
  }
}

void CheckOwners(const Catalog& catalog,
                 const std::vector<Footprint>& footprints,
                 std::vector<std::string>* errors) {
  absl::flat_hash_map<std::string, std::size_t> owner;
  owner.reserve(2 * catalog.resources.size());
  for (std::size_t i = 0; i < catalog.resources.size(); ++i) {
    const Declaration& declaration = catalog.resources[i];
    if (const auto same = owner.try_emplace(declaration.Id(), i); !same.second) {
      errors->push_back(
          fmt::format("{} is declared twice: {}, and {}; keep one",
                      declaration.Id(),
                      catalog.resources[same.first->second].position.DisplayWithChain(),
                      declaration.position.DisplayWithChain()));
      continue;
    }
    for (const std::string& thing : footprints[i].owns) {
      const auto [at, first] = owner.try_emplace("owns " + thing, i);
      if (!first && at->second != i) {
        errors->push_back(fmt::format("two resources manage {}: {}, and {}; keep one",
                                      thing,
                                      Describe(catalog.resources[at->second]),
                                      Describe(declaration)));
      }
    }
  }
}

}  // namespace

std::vector<std::string> CheckGraph(const Catalog& catalog,
                                    const std::vector<const Schema*>& schemas) {
  std::vector<std::string> errors;
  CheckCycles(catalog, &errors);
  std::vector<Footprint> footprints;
  footprints.reserve(catalog.resources.size());
  for (std::size_t i = 0; i < catalog.resources.size(); ++i) {
    const Declaration& declaration = catalog.resources[i];
    footprints.push_back(schemas[i]->footprint(declaration.name, declaration.attributes));
  }
  CheckOwners(catalog, footprints, &errors);
  CheckEditors(catalog, footprints, &errors);
  CheckMembers(catalog, footprints, &errors);
  CheckGroups(catalog, &errors);
  return errors;
}

}  // namespace fettle::resource
