// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/graph.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <string_view>

#include "absl/container/flat_hash_map.h"

#include "lib/resource/components.h"

namespace fettle::resource {
namespace {

constexpr std::string_view kPathPrefix = "path:";

// Who owns or provides a thing, by its footprint text.
class Providers {
 public:
  explicit Providers(const std::vector<Footprint>& footprints) {
    for (std::size_t i = 0; i < footprints.size(); ++i) {
      Add(footprints[i].owns, i);
      Add(footprints[i].provides, i);
    }
  }

  // Calls `found` for everyone else than `self` who meets `need`: whoever has it, and for a path
  // that nobody has, whoever has its nearest directory.
  void Meet(std::string_view need,
            std::size_t self,
            const std::function<void(std::size_t)>& found) const {
    while (!FindExact(need, self, found) && Parent(&need)) {
    }
  }

 private:
  void Add(const std::vector<std::string>& things, std::size_t index) {
    for (const std::string& thing : things) {
      std::vector<std::size_t>& have = by_thing_[thing];
      if (have.empty() || have.back() != index) {
        have.push_back(index);
      }
    }
  }

  bool FindExact(std::string_view thing,
                 std::size_t self,
                 const std::function<void(std::size_t)>& found) const {
    const auto at = by_thing_.find(thing);
    bool any = false;
    if (at == by_thing_.end()) {
      return false;
    }
    for (const std::size_t index : at->second) {
      if (index != self) {
        found(index);
        any = true;
      }
    }
    return any;
  }

  // "path:/a/b" to "path:/a"; false when there is none above.
  static bool Parent(std::string_view* thing) {
    if (!thing->starts_with(kPathPrefix) || thing->size() <= kPathPrefix.size() + 1) {
      return false;
    }
    const std::size_t slash = thing->rfind('/');
    *thing = thing->substr(0, std::max(slash, kPathPrefix.size() + 1));
    return true;
  }

  // Keys live in the footprints.
  absl::flat_hash_map<std::string_view, std::vector<std::size_t>> by_thing_;
};

void SortUnique(Edges* edges) {
  for (std::vector<std::size_t>& targets : *edges) {
    std::sort(targets.begin(), targets.end());
    targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  }
}

Edges DeclaredEdges(const Catalog& catalog) {
  Edges edges(catalog.resources.size());
  for (std::size_t i = 0; i < catalog.resources.size(); ++i) {
    for (const Relation& relation : catalog.resources[i].relations) {
      edges[relation.target].push_back(i);
    }
  }
  SortUnique(&edges);
  return edges;
}

Edges AutomaticEdges(const Catalog& catalog, const std::vector<const Schema*>& schemas) {
  std::vector<Footprint> footprints;
  footprints.reserve(catalog.resources.size());
  for (std::size_t i = 0; i < catalog.resources.size(); ++i) {
    const Declaration& declaration = catalog.resources[i];
    footprints.push_back(schemas[i]->footprint(declaration.name, declaration.attributes));
  }
  const Providers providers(footprints);
  Edges edges(catalog.resources.size());
  for (std::size_t i = 0; i < footprints.size(); ++i) {
    for (const std::string& need : footprints[i].needs) {
      providers.Meet(need, i, [&edges, i](std::size_t from) { edges[from].push_back(i); });
    }
  }
  SortUnique(&edges);
  return edges;
}

Edges Merge(const Edges& a, const Edges& b) {
  Edges merged = a;
  for (std::size_t i = 0; i < b.size(); ++i) {
    merged[i].insert(merged[i].end(), b[i].begin(), b[i].end());
  }
  SortUnique(&merged);
  return merged;
}

// Takes away automatic edges that lie on a cycle: first those that go against the written order,
// then, where declared relations alone contradict them, the rest. Every automatic edge between two
// nodes of one component lies on a cycle, and declared edges alone have none.
void DropContradictions(const Edges& declared, Edges* automatic) {
  for (const bool backward_only : {true, false}) {
    const std::vector<std::size_t> component = Components(Merge(declared, *automatic));
    for (std::size_t from = 0; from < automatic->size(); ++from) {
      std::erase_if((*automatic)[from], [&](std::size_t to) {
        return component[from] == component[to] && (from > to || !backward_only);
      });
    }
  }
}

// The least sequence, by written order (`last` after all others), in which everyone comes after its
// predecessors.
std::vector<std::size_t> Sequence(const Edges& successors, const std::vector<bool>& last) {
  std::vector<std::size_t> waiting_for(successors.size(), 0);
  for (const std::vector<std::size_t>& targets : successors) {
    for (const std::size_t target : targets) {
      ++waiting_for[target];
    }
  }
  using Place = std::pair<bool, std::size_t>;
  std::priority_queue<Place, std::vector<Place>, std::greater<>> ready;
  for (std::size_t i = 0; i < successors.size(); ++i) {
    if (waiting_for[i] == 0) {
      ready.emplace(last[i], i);
    }
  }
  std::vector<std::size_t> sequence;
  sequence.reserve(successors.size());
  while (!ready.empty()) {
    const std::size_t next = ready.top().second;
    ready.pop();
    sequence.push_back(next);
    for (const std::size_t target : successors[next]) {
      if (--waiting_for[target] == 0) {
        ready.emplace(last[target], target);
      }
    }
  }
  return sequence;
}

}  // namespace

Order OrderCatalog(const Catalog& catalog, const std::vector<const Schema*>& schemas) {
  const Edges declared = DeclaredEdges(catalog);
  Edges automatic = AutomaticEdges(catalog, schemas);
  DropContradictions(declared, &automatic);
  Order order;
  order.successors = Merge(declared, automatic);
  std::vector<bool> last(schemas.size());
  std::transform(schemas.begin(), schemas.end(), last.begin(), [](const Schema* schema) {
    return schema->last;
  });
  order.sequence = Sequence(order.successors, last);
  order.dependents = std::move(automatic);
  for (std::size_t i = 0; i < catalog.resources.size(); ++i) {
    for (const Relation& relation : catalog.resources[i].relations) {
      if (relation.kind == RelationKind::kRequires) {
        order.dependents[relation.target].push_back(i);
      }
    }
  }
  SortUnique(&order.dependents);
  return order;
}

}  // namespace fettle::resource
