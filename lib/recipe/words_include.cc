// SPDX-License-Identifier: Apache-2.0
// `include` and `param`.
#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/recipe/evaluation.h"
#include "lib/recipe/lua_values.h"
#include "lib/recipe/param.h"
#include "lib/recipe/recipe_files.h"

namespace fettle::recipe {
namespace {

using resource::Value;

constexpr char kParamType[] = "fettle.param";
constexpr int kMaxIncludeDepth = 40;
constexpr std::string_view kEnforce = "enforce";

// Takes the table of params at `index`; `enforce` in it is the include's own.
Value::Map TakeParams(lua_State* state, int index, bool* enforce) {
  if (lua_isnoneornil(state, index)) {
    return {};
  }
  if (lua_type(state, index) != LUA_TTABLE) {
    Raise(state, "include: params are to be a table, not {}", TypeName(state, index));
  }
  absl::StatusOr<Value> value = ToValue(state, index);
  if (!value.ok()) {
    Raise(state, "include: {}", Message(value.status()));
  }
  if (value->kind() == Value::Kind::kList && value->AsList().empty()) {
    return {};
  }
  if (value->kind() != Value::Kind::kMap) {
    Raise(state, "include: params are given by name (name = value), not as a list");
  }
  Value::Map params = value->AsMap();
  const auto found = params.find(kEnforce);
  if (found != params.end()) {
    if (found->second.kind() != Value::Kind::kBool) {
      Raise(state, "include: enforce is to be true or false");
    }
    *enforce = found->second.AsBool();
    params.erase(found);
  }
  return params;
}

// The inclusion of `recipe` that there is already, or -1.
int64_t FindInclusion(Evaluation& evaluation, std::string_view recipe) {
  const std::vector<Inclusion>& inclusions = evaluation.inclusions();
  for (std::size_t i = 0; i < inclusions.size(); ++i) {
    if (inclusions[i].recipe == recipe && !recipe.empty()) {
      return static_cast<int64_t>(i);
    }
  }
  return -1;
}

// Reports params that the recipe took no notice of.
void CheckGivenParams(Evaluation& evaluation, const Inclusion& inclusion) {
  std::vector<std::string_view> known(inclusion.declared.begin(), inclusion.declared.end());
  for (const auto& [name, value] : inclusion.given) {
    if (!inclusion.declared.contains(name)) {
      evaluation.AddProblem(
          fmt::format(
              "recipe {} has no param \"{}\"{}", inclusion.recipe, name, DidYouMean(name, known)),
          inclusion.position);
    }
  }
}

void RunNew(Evaluation& evaluation, std::string_view recipe, std::string file, Value::Map given) {
  Inclusion inclusion;
  inclusion.recipe = std::string(recipe);
  inclusion.file = std::move(file);
  inclusion.given = std::move(given);
  inclusion.position = evaluation.Here();
  inclusion.via = inclusion.position.via;
  inclusion.via.push_back(inclusion.position.Display());
  if (inclusion.via.size() > kMaxIncludeDepth) {
    evaluation.sandbox().Kill(
        fmt::format("more than {} recipes including one another", kMaxIncludeDepth));
  }
  if (evaluation.inclusions().size() >= evaluation.input().limits.includes) {
    evaluation.sandbox().Kill(
        fmt::format("more than {} recipes for one host", evaluation.input().limits.includes));
  }
  const std::size_t index = evaluation.inclusions().size();
  evaluation.inclusions().push_back(std::move(inclusion));
  evaluation.RunInclusion(index);
  if (evaluation.sandbox().dead()) {
    evaluation.sandbox().Kill("");
  }
  CheckGivenParams(evaluation, evaluation.inclusions()[index]);
}

int IncludeWord(lua_State* state) {
  Evaluation& evaluation = Evaluation::Of(state);
  const std::string recipe(CheckText(state, 1, "the name of a recipe to include"));
  bool enforce = true;
  Value::Map given = TakeParams(state, 2, &enforce);
  absl::StatusOr<std::string> file = FindRecipe(*evaluation.input().tree, recipe);
  if (!file.ok()) {
    evaluation.AddProblemHere(std::string(Message(file.status())));
    return 0;
  }
  const int64_t known = FindInclusion(evaluation, recipe);
  const std::size_t to =
      known < 0 ? evaluation.inclusions().size() : static_cast<std::size_t>(known);
  evaluation.include_edges().push_back({evaluation.current_index(), to, enforce});
  if (known < 0) {
    RunNew(evaluation, recipe, *std::move(file), std::move(given));
    return 0;
  }
  const Inclusion& earlier = evaluation.inclusions()[to];
  if (earlier.given != given) {
    evaluation.AddProblemHere(fmt::format(
        "recipe {} is included with other params than at {}; a recipe is there once, "
        "with one set of params",
        recipe,
        earlier.position.file.empty() ? "the start" : earlier.position.DisplayWithChain()));
  }
  return 0;
}

// Makes the value of a param known: the one given, or the default.
void DefineParam(Evaluation& evaluation, const std::string& name, const ParamSchema& schema) {
  lua_State* state = evaluation.sandbox().state();
  Inclusion& inclusion = evaluation.current();
  inclusion.declared.insert(name);
  const auto given = inclusion.given.find(name);
  const bool is_given = given != inclusion.given.end();
  absl::StatusOr<Value> value = ParamValue(schema, is_given ? &given->second : nullptr);
  if (!value.ok()) {
    // Said where the value stands: at the include, or at the param for a default.
    evaluation.AddProblem(fmt::format("recipe {}: param \"{}\": {}",
                                      inclusion.recipe.empty() ? "fleet.lua" : inclusion.recipe,
                                      name,
                                      Message(value.status())),
                          is_given || schema.required ? inclusion.position : evaluation.Here());
    value = is_given ? given->second : Value();
  }
  lua_rawgeti(state, LUA_REGISTRYINDEX, inclusion.params);
  PushText(state, name);
  // nil cannot be kept in a table; false in its place would be a value. The mark is read as nil.
  if (value->absent()) {
    lua_pushlightuserdata(state, nullptr);
  } else {
    PushValue(state, *value);
  }
  lua_rawset(state, -3);
  lua_pop(state, 1);
}

void PushParam(Evaluation& evaluation, const std::string& name) {
  lua_State* state = evaluation.sandbox().state();
  lua_rawgeti(state, LUA_REGISTRYINDEX, evaluation.current().params);
  PushText(state, name);
  lua_rawget(state, -2);
  if (lua_type(state, -1) == LUA_TLIGHTUSERDATA) {
    lua_pushnil(state);
  }
}

int ParamWord(lua_State* state) {
  Evaluation& evaluation = Evaluation::Of(state);
  const std::string name(CheckText(state, 1, "the name of a param"));
  if (name == kEnforce) {
    Raise(state, "a param cannot be called enforce: that word of include is taken");
  }
  if (evaluation.current().declared.contains(name)) {
    Raise(state, "param \"{}\" is declared twice", name);
  }
  DefineParam(evaluation, name, {});
  lua_newuserdatauv(state, 0, 1);
  PushText(state, name);
  lua_setiuservalue(state, -2, 1);
  luaL_setmetatable(state, kParamType);
  return 1;
}

// param "name" { type = …, … }: answers the value.
int CompleteParam(lua_State* state) {
  Evaluation& evaluation = Evaluation::Of(state);
  luaL_checkudata(state, 1, kParamType);
  lua_getiuservalue(state, 1, 1);
  const std::string name(TextAt(state, -1));
  absl::StatusOr<Value> table = ToValue(state, 2);
  absl::StatusOr<ParamSchema> schema =
      table.ok() ? ParseParam(*table) : absl::StatusOr<ParamSchema>(table.status());
  if (!schema.ok()) {
    Raise(state, "param \"{}\": {}", name, Message(schema.status()));
  }
  DefineParam(evaluation, name, *schema);
  PushParam(evaluation, name);
  return 1;
}

// params.name
int IndexParams(lua_State* state) {
  const std::string_view name = CheckText(state, 2, "the name of a param");
  lua_pushvalue(state, 2);
  const int type = lua_rawget(state, lua_upvalueindex(1));
  if (type == LUA_TLIGHTUSERDATA) {
    lua_pushnil(state);
  } else if (type == LUA_TNIL) {
    Evaluation& evaluation = Evaluation::Of(state);
    const std::vector<std::string_view> known(evaluation.current().declared.begin(),
                                              evaluation.current().declared.end());
    Raise(state, "there is no param \"{}\" here{}", name, DidYouMean(name, known));
  }
  return 1;
}

// Over those that have a value.
int PairsOfParams(lua_State* state) {
  lua_settop(state, 0);
  lua_newtable(state);
  lua_pushnil(state);
  while (lua_next(state, lua_upvalueindex(1)) != 0) {
    lua_pushvalue(state, -2);
    lua_insert(state, -2);
    if (lua_type(state, -1) == LUA_TLIGHTUSERDATA) {
      lua_pop(state, 2);
    } else {
      lua_rawset(state, 1);
    }
  }
  return SortedPairs(state);
}

int NewIndexParams(lua_State* state) {
  Raise(state, "params cannot be changed; take a local variable");
}

}  // namespace

void PushParams(Evaluation& evaluation, std::size_t index) {
  lua_State* state = evaluation.sandbox().state();
  Inclusion& inclusion = evaluation.inclusions()[index];
  if (inclusion.params == LUA_NOREF) {
    lua_newtable(state);
    inclusion.params = luaL_ref(state, LUA_REGISTRYINDEX);
  }
  lua_newtable(state);
  lua_newtable(state);
  lua_rawgeti(state, LUA_REGISTRYINDEX, inclusion.params);
  lua_pushcclosure(state, IndexParams, 1);
  lua_setfield(state, -2, "__index");
  lua_rawgeti(state, LUA_REGISTRYINDEX, inclusion.params);
  lua_pushcclosure(state, PairsOfParams, 1);
  lua_setfield(state, -2, "__pairs");
  lua_pushcfunction(state, NewIndexParams);
  lua_setfield(state, -2, "__newindex");
  lua_pushboolean(state, 0);
  lua_setfield(state, -2, "__metatable");
  lua_setmetatable(state, -2);
}

void RegisterIncludeWords(Evaluation& evaluation) {
  lua_State* state = evaluation.sandbox().state();
  luaL_newmetatable(state, kParamType);
  lua_pushcfunction(state, CompleteParam);
  lua_setfield(state, -2, "__call");
  lua_pushboolean(state, 0);
  lua_setfield(state, -2, "__metatable");
  lua_pop(state, 1);
  lua_pushcfunction(state, IncludeWord);
  evaluation.sandbox().SetWord("include");
  lua_pushcfunction(state, ParamWord);
  evaluation.sandbox().SetWord("param");
}

}  // namespace fettle::recipe
