// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include <lua.hpp>

#include "lib/recipe/evaluate.h"
#include "lib/recipe/sandbox.h"

namespace fettle::recipe {

// A resource that a declaration names: by handle, or as "type:name".
struct Reference {
  resource::RelationKind kind = resource::RelationKind::kAfter;
  bool inverted = false;  // before, notify: the other one comes after this.
  int64_t slot = -1;      // By handle; -1: by `id`.
  std::string id;
};

// A resource as it is being declared.
struct Slot {
  const resource::Schema* schema = nullptr;
  resource::Declaration declaration;  // Attributes, relations and index fields are filled in later.
  resource::Value::Map attributes;    // As the recipe gave them.
  std::vector<Reference> references;
  std::size_t include = 0;  // Index of the Inclusion it stands in.
  bool completed = false;   // The table of attributes has been given.
  bool withdrawn = false;   // Was the name of a group after all.
  bool wrong = false;       // A problem was reported; left out of the catalog.
};

// A recipe that takes part in the evaluation. The first is fleet.lua.
struct Inclusion {
  std::string recipe;  // "" for fleet.lua.
  std::string file;
  resource::Value::Map given;
  bool enforce = true;
  resource::Position position;   // Where it was first included.
  std::vector<std::string> via;  // The chain for whatever it declares.
  int params = LUA_NOREF;        // Registry: its `params` table.
  std::set<std::string, std::less<>> declared;
};

// One include statement, for what `enforce = false` of an include reaches.
struct IncludeEdge {
  std::size_t from = 0;
  std::size_t to = 0;
  bool enforce = true;
};

// The text that a template has produced so far.
struct Rendering {
  std::string text;
  bool secret = false;
};

// One evaluation under way: what the words of the language write to. Used by one thread.
class Evaluation {
 public:
  explicit Evaluation(const EvaluateInput& input);

  // Runs fleet.lua (or the recipe asked for) and puts everything together.
  EvaluateResult Run();

  static Evaluation& Of(lua_State* state) { return *Sandbox::Of(state).evaluation(); }

  const EvaluateInput& input() const { return input_; }

  Sandbox& sandbox() { return sandbox_; }

  std::deque<Slot>& slots() { return slots_; }

  std::vector<Inclusion>& inclusions() { return inclusions_; }

  std::vector<IncludeEdge>& include_edges() { return include_edges_; }

  std::vector<resource::Group>& groups() { return groups_; }

  Inclusion& current() { return inclusions_[current_]; }

  std::size_t current_index() const { return current_; }

  void AddProblem(std::string message, resource::Position position);
  // At the Lua line that is being executed.
  void AddProblemHere(std::string message);
  void AddNote(std::string message);
  void AddFleetQuery(std::map<std::string, std::string> query);
  resource::Position Here() const;

  // Counts bytes that go into the catalog; ends the evaluation beyond the limit.
  void AccountBytes(std::size_t bytes);

  // Compiles and runs a file of the tree as inclusion `index`. What goes wrong becomes a problem;
  // a passed limit is raised again when a caller runs in Lua.
  void RunInclusion(std::size_t index);

  // The group that declarations belong to now, -1 for none.
  int32_t group = -1;
  // Set while a template is rendered.
  Rendering* rendering = nullptr;
  // Merged data by layer order; filled on first use.
  bool data_loaded = false;
  resource::Value::Map data;
  bool host_enforce = true;

  // finish.cc: from slots to catalog.
  void Finish(EvaluateResult* result);

 private:
  void RegisterWords();
  bool OpenEntry();
  void NormalizeSlots();
  void ReportError(const LuaError& error);
  void SortProblems(EvaluateResult* result);

  const EvaluateInput& input_;
  Sandbox sandbox_;
  std::deque<Slot> slots_;  // Large and many: never moved.
  std::vector<Inclusion> inclusions_;
  std::vector<IncludeEdge> include_edges_;
  std::vector<resource::Group> groups_;
  std::vector<Problem> problems_;
  std::vector<Problem> notes_;
  std::set<std::map<std::string, std::string>> fleet_queries_;
  std::size_t current_ = 0;
  std::size_t suppressed_ = 0;
  std::size_t bytes_ = 0;
  bool death_reported_ = false;
  bool aborted_ = false;  // A recipe ended before its time: what is missing may be its.
};

// The words of the language, by file. Each registers its own.
void RegisterResourceWords(Evaluation& evaluation);
void RegisterIncludeWords(Evaluation& evaluation);
void RegisterDataWords(Evaluation& evaluation);
void RegisterHostWords(Evaluation& evaluation);
void RegisterModuleWords(Evaluation& evaluation);

// Puts `host`, `params` and what else belongs to one inclusion into the environment on top.
void FillEnvironment(Evaluation& evaluation, std::size_t inclusion);

// Adds `load` to the environment on top: what it compiles has that environment.
void FillModuleWords(Evaluation& evaluation);

// Pushes an environment without the words that declare: for templates and data files. The latter
// see neither data nor params nor secrets.
void PushPlainEnvironment(Evaluation& evaluation, bool with_data);

// Pushes the `params` of an inclusion.
void PushParams(Evaluation& evaluation, std::size_t index);

// Takes one attribute that every resource has (after, only_if, …; its value on top of the stack).
// False when `name` is none. A value that is wrong is kInvalidArgument.
absl::StatusOr<bool> TakeCommonAttribute(lua_State* state, std::string_view name, Slot* slot);

// A guard or a list of them at `index`.
absl::Status TakeGuards(lua_State* state, int index, bool negate, Slot* slot);

// Pushes a handle of the slot.
void PushHandle(lua_State* state, std::size_t slot);
// The slot of the handle at `index`, -1 when it is none.
int64_t HandleAt(lua_State* state, int index);

// The text of a template of the current recipe, with `vars` at stack index (0: none).
absl::StatusOr<resource::Value> RenderTemplate(Evaluation& evaluation,
                                               std::string_view name,
                                               int vars);

// "sha256:<hex>" of a file of the current recipe.
absl::StatusOr<std::string> FindSource(Evaluation& evaluation, std::string_view name);

}  // namespace fettle::recipe
