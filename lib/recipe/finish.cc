// SPDX-License-Identifier: Apache-2.0
// From what the recipes declared to a catalog: attributes checked, declarations that say the same
// made one, relations resolved.
#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/recipe/evaluation.h"
#include "lib/resource/graph.h"

namespace fettle::recipe {
namespace {

using resource::Catalog;
using resource::Declaration;
using resource::Relation;
using resource::Schema;
using resource::Value;

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

// Adds what `from` has and `to` has not.
template <typename T>
void Unite(const std::vector<T>& from, std::vector<T>* to) {
  for (const T& item : from) {
    if (std::find(to->begin(), to->end(), item) == to->end()) {
      to->push_back(item);
    }
  }
}

std::string Shown(const resource::AttributeSchema* schema, bool sensitive, const Value* value) {
  if (value == nullptr) {
    return "(not given)";
  }
  constexpr std::size_t kMost = 60;
  const bool secret = sensitive || (schema != nullptr && schema->secret);
  std::string text = secret ? "(secret)" : value->Display();
  if (text.size() > kMost) {
    text = text.substr(0, kMost) + "…";
  }
  return text;
}

// The first thing that two declarations of one resource say differently; "" if they agree.
std::string Contradiction(const Schema& schema,
                          const Declaration& first,
                          const Declaration& second) {
  const bool sensitive = first.sensitive || second.sensitive;
  for (const auto& [name, value] : first.attributes.all()) {
    const Value* other = second.attributes.Find(name);
    if (other == nullptr || *other != value) {
      return fmt::format("{} is {} there and {} here",
                         name,
                         Shown(schema.Find(name), sensitive, &value),
                         Shown(schema.Find(name), sensitive, other));
    }
  }
  for (const auto& [name, value] : second.attributes.all()) {
    if (!first.attributes.Has(name)) {
      return fmt::format("{} is given here only", name);
    }
  }
  if (first.guards != second.guards) {
    return "the conditions (only_if, unless) differ";
  }
  if (first.group != second.group) {
    return "they stand in different groups";
  }
  if (first.timeout != second.timeout || first.retries != second.retries ||
      first.schedule != second.schedule || first.confirm != second.confirm) {
    return "timeout, retries, schedule or confirm differ";
  }
  return "";
}

// Puts the catalog together from slots, in the order written.
class Assembler {
 public:
  Assembler(Evaluation& evaluation, Catalog* catalog)
      : evaluation_(evaluation), catalog_(catalog), place_(evaluation.slots().size(), kNone) {}

  void Run(bool report_missing) {
    catalog_->groups = evaluation_.groups();
    catalog_->resources.reserve(evaluation_.slots().size());
    by_id_.reserve(evaluation_.slots().size());
    for (std::size_t i = 0; i < evaluation_.slots().size(); ++i) {
      AddSlot(i);
    }
    for (std::size_t i = 0; i < evaluation_.slots().size(); ++i) {
      for (const Reference& reference : evaluation_.slots()[i].references) {
        AddRelation(i, reference, report_missing);
      }
    }
    for (Declaration& declaration : catalog_->resources) {
      Canonicalise(&declaration);
    }
  }

  const std::vector<const Schema*>& schemas() const { return schemas_; }

 private:
  void AddSlot(std::size_t index) {
    Slot& slot = evaluation_.slots()[index];
    if (slot.withdrawn || slot.wrong) {
      if (slot.wrong && slot.schema != nullptr) {
        wrong_.insert(slot.declaration.Id());
      }
      return;
    }
    std::vector<std::string> errors;
    slot.declaration.attributes =
        Normalize(*slot.schema, slot.declaration.name, slot.attributes, &errors);
    slot.attributes.clear();
    for (const std::string& error : errors) {
      evaluation_.AddProblem(
          fmt::format("{} \"{}\": {}", slot.declaration.type, slot.declaration.name, error),
          slot.declaration.position);
    }
    std::string id = slot.declaration.Id();
    if (!errors.empty()) {
      slot.wrong = true;
      wrong_.insert(std::move(id));
      return;
    }
    const auto [entry, added] = by_id_.try_emplace(std::move(id), catalog_->resources.size());
    place_[index] = entry->second;
    if (added) {
      catalog_->resources.push_back(std::move(slot.declaration));
      schemas_.push_back(slot.schema);
    } else {
      Join(*slot.schema, slot.declaration, &catalog_->resources[entry->second]);
    }
  }

  void Join(const Schema& schema, const Declaration& second, Declaration* first) {
    const std::string contradiction = Contradiction(schema, *first, second);
    if (!contradiction.empty()) {
      evaluation_.AddProblem(fmt::format("{} \"{}\" is also declared at {}, and not alike: {}",
                                         second.type,
                                         second.name,
                                         first->position.DisplayWithChain(),
                                         contradiction),
                             second.position);
      return;
    }
    first->enforce = first->enforce && second.enforce;
    first->sensitive = first->sensitive || second.sensitive;
    Unite(second.controls, &first->controls);
    Unite(second.tags, &first->tags);
  }

  // "service:nginx" with the name as its type writes it.
  std::string CanonicalId(const std::string& id) const {
    const std::size_t colon = id.find(':');
    const std::string_view type = std::string_view(id).substr(0, colon);
    for (const Schema* schema : evaluation_.input().schemas) {
      if (schema->type == type && schema->canonical_name != nullptr) {
        const absl::StatusOr<std::string> name = schema->canonical_name(id.substr(colon + 1));
        return name.ok() ? fmt::format("{}:{}", type, *name) : id;
      }
    }
    return id;
  }

  // The resource that declaration `from` (an index of the catalog) names.
  std::size_t Find(const Reference& reference, std::size_t from, bool report_missing) {
    if (reference.slot >= 0) {
      return place_[static_cast<std::size_t>(reference.slot)];
    }
    const std::string id = CanonicalId(reference.id);
    const auto found = by_id_.find(id);
    if (found != by_id_.end()) {
      return found->second;
    }
    if (report_missing && !wrong_.contains(id)) {
      std::vector<std::string_view> known;
      const std::size_t type = id.find(':') + 1;
      for (const auto& [other, place] : by_id_) {
        if (other.compare(0, type, id, 0, type) == 0) {
          known.push_back(other);
        }
      }
      std::sort(known.begin(), known.end());
      evaluation_.AddProblem(fmt::format("{} \"{}\" names {}, which is not declared{}",
                                         catalog_->resources[from].type,
                                         catalog_->resources[from].name,
                                         id,
                                         DidYouMean(id, known)),
                             catalog_->resources[from].position);
    }
    return kNone;
  }

  void AddRelation(std::size_t index, const Reference& reference, bool report_missing) {
    const std::size_t from = place_[index];
    if (from == kNone) {
      return;
    }
    const std::size_t to = Find(reference, from, report_missing);
    if (to == kNone) {
      return;
    }
    if (reference.inverted) {
      catalog_->resources[to].relations.push_back({reference.kind, from});
    } else {
      catalog_->resources[from].relations.push_back({reference.kind, to});
    }
  }

  static void Canonicalise(Declaration* declaration) {
    std::vector<Relation>& relations = declaration->relations;
    std::sort(relations.begin(), relations.end(), [](const Relation& a, const Relation& b) {
      return std::pair(a.target, a.kind) < std::pair(b.target, b.kind);
    });
    relations.erase(std::unique(relations.begin(), relations.end()), relations.end());
    for (std::vector<std::string>* texts : {&declaration->controls, &declaration->tags}) {
      std::sort(texts->begin(), texts->end());
      texts->erase(std::unique(texts->begin(), texts->end()), texts->end());
    }
  }

  Evaluation& evaluation_;
  Catalog* catalog_;
  std::vector<std::size_t> place_;  // By slot: index in the catalog.
  std::vector<const Schema*> schemas_;
  absl::flat_hash_map<std::string, std::size_t> by_id_;
  std::set<std::string, std::less<>> wrong_;
};

// What an include with `enforce = false` reaches, by way of others too, is only looked at.
void SpreadAudit(Evaluation& evaluation) {
  std::vector<Inclusion>& inclusions = evaluation.inclusions();
  for (bool changed = true; changed;) {
    changed = false;
    for (const IncludeEdge& edge : evaluation.include_edges()) {
      const bool audit = !edge.enforce || !inclusions[edge.from].enforce;
      if (audit && edge.to < inclusions.size() && inclusions[edge.to].enforce) {
        inclusions[edge.to].enforce = false;
        changed = true;
      }
    }
  }
  for (Slot& slot : evaluation.slots()) {
    slot.declaration.enforce =
        slot.declaration.enforce && inclusions[slot.include].enforce && evaluation.host_enforce;
  }
}

// Whether it is a directory that says what is below it, too.
bool RulesBelow(const Declaration& declaration) {
  return declaration.type == "directory" && (declaration.attributes.Bool("purge", false) ||
                                             declaration.attributes.Bool("recurse", false));
}

// With a "/" at the end of those whose resource manages all below as well.
using OwnedPaths = std::vector<std::string>;

OwnedPaths AllOwnedPaths(const Catalog& catalog, const std::vector<const Schema*>& schemas) {
  constexpr std::string_view kPath = "path:";
  OwnedPaths paths;
  for (std::size_t i = 0; i < catalog.resources.size(); ++i) {
    const Declaration& declaration = catalog.resources[i];
    for (const std::string& owned :
         schemas[i]->footprint(declaration.name, declaration.attributes).owns) {
      if (owned.starts_with(kPath)) {
        paths.push_back(owned.substr(kPath.size()) + (RulesBelow(declaration) ? "/" : ""));
      }
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// What others own below `directory`, by path relative to it, and what `keep` has already.
Value::List KeptNames(const OwnedPaths& paths, const std::string& directory, const Value* keep) {
  std::set<std::string> names;
  if (keep != nullptr && keep->kind() == Value::Kind::kList) {
    for (const Value& name : keep->AsList()) {
      names.insert(name.AsString());
    }
  }
  const std::string prefix = directory == "/" ? directory : directory + "/";
  for (auto path = std::lower_bound(paths.begin(), paths.end(), prefix);
       path != paths.end() && path->starts_with(prefix);
       ++path) {
    if (path->size() > prefix.size()) {  // Not itself.
      names.insert(path->substr(prefix.size()));
    }
  }
  return {names.begin(), names.end()};
}

// A directory that is purged or managed with all below it leaves alone what other resources of the
// catalog put there.
void FillKeep(Catalog* catalog, const std::vector<const Schema*>& schemas) {
  OwnedPaths paths;
  bool looked = false;
  for (std::size_t i = 0; i < catalog->resources.size(); ++i) {
    Declaration& declaration = catalog->resources[i];
    if (!RulesBelow(declaration) || schemas[i]->Find("keep") == nullptr) {
      continue;
    }
    if (!std::exchange(looked, true)) {
      paths = AllOwnedPaths(*catalog, schemas);
    }
    Value::List keep = KeptNames(paths, declaration.name, declaration.attributes.Find("keep"));
    if (!keep.empty()) {
      declaration.attributes.Set("keep", Value(std::move(keep)));
    }
  }
}

}  // namespace

void Evaluation::Finish(EvaluateResult* result) {
  SpreadAudit(*this);
  Catalog& catalog = result->catalog;
  catalog.host = input_.host;
  catalog.enforce = host_enforce;
  Assembler assembler(*this, &catalog);
  // After an error that ended a recipe, what others name may be missing because of it: only the
  // cause is reported.
  assembler.Run(!aborted_);
  FillKeep(&catalog, assembler.schemas());
  if (problems_.empty()) {
    for (std::string& problem : CheckGraph(catalog, assembler.schemas())) {
      AddProblem(std::move(problem), {});
    }
  }
}

}  // namespace fettle::recipe
