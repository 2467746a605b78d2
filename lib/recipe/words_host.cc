// SPDX-License-Identifier: Apache-2.0
// `host`, `fleet`, `print`, and what an environment holds besides the library.
#include <algorithm>
#include <utility>

#include "lib/recipe/evaluation.h"
#include "lib/recipe/lua_values.h"

namespace fettle::recipe {
namespace {

using resource::Value;

Value::Map LabelsAsValue(const std::map<std::string, std::string>& labels) {
  Value::Map map;
  for (const auto& [key, value] : labels) {
    map.emplace(key, value);
  }
  return map;
}

// host.name, host.facts, host.labels, host.enforce. Tables are made once an environment (kept in
// upvalue 1), so that no recipe sees what another did to its own.
int IndexHost(lua_State* state) {
  const Evaluation& evaluation = Evaluation::Of(state);
  const std::string_view name = CheckText(state, 2, "what is asked of host");
  if (name == "name") {
    PushText(state, evaluation.input().host);
    return 1;
  }
  if (name == "enforce") {
    lua_pushboolean(state, evaluation.host_enforce ? 1 : 0);
    return 1;
  }
  if (name != "facts" && name != "labels") {
    Raise(state, "host has .name, .facts, .labels and .enforce, no .{}", name);
  }
  lua_pushvalue(state, 2);
  if (lua_rawget(state, lua_upvalueindex(1)) == LUA_TNIL) {
    lua_pop(state, 1);
    PushValue(
        state,
        name == "facts" ? evaluation.input().facts : LabelsAsValue(evaluation.input().labels));
    lua_pushvalue(state, 2);
    lua_pushvalue(state, -2);
    lua_rawset(state, lua_upvalueindex(1));
  }
  return 1;
}

int NewIndexHost(lua_State* state) {
  Evaluation& evaluation = Evaluation::Of(state);
  const std::string_view name = CheckText(state, 2, "what is set of host");
  if (name != "enforce") {
    Raise(state, "host.{} cannot be set; host.enforce can", name);
  }
  if (!evaluation.current().recipe.empty()) {
    Raise(state, "host.enforce is set in fleet.lua only (a recipe's resources take enforce)");
  }
  if (lua_type(state, 3) != LUA_TBOOLEAN) {
    Raise(state, "host.enforce is to be true or false, not {}", TypeName(state, 3));
  }
  evaluation.host_enforce = lua_toboolean(state, 3) != 0;
  return 0;
}

void PushHost(lua_State* state) {
  lua_newtable(state);
  lua_newtable(state);
  lua_newtable(state);
  lua_pushcclosure(state, IndexHost, 1);
  lua_setfield(state, -2, "__index");
  lua_pushcfunction(state, NewIndexHost);
  lua_setfield(state, -2, "__newindex");
  lua_pushboolean(state, 0);
  lua_setfield(state, -2, "__metatable");
  lua_setmetatable(state, -2);
}

std::map<std::string, std::string> TakeSelector(lua_State* state) {
  std::map<std::string, std::string> selector;
  if (lua_isnoneornil(state, 1)) {
    return selector;
  }
  const absl::StatusOr<Value> table = ToValue(state, 1);
  if (table.ok() && table->kind() == Value::Kind::kList && table->AsList().empty()) {
    return selector;
  }
  if (!table.ok() || table->kind() != Value::Kind::kMap) {
    Raise(state, "fleet.hosts takes labels, as in fleet.hosts {{ role = \"web\" }}");
  }
  for (const auto& [key, value] : table->AsMap()) {
    if (value.kind() != Value::Kind::kString) {
      Raise(state, "fleet.hosts: label {} is to be a text", key);
    }
    selector.emplace(key, value.AsString());
  }
  return selector;
}

bool Matches(const FleetHost& host, const std::map<std::string, std::string>& selector) {
  return std::all_of(selector.begin(), selector.end(), [&host](const auto& wanted) {
    const auto found = host.labels.find(wanted.first);
    return found != host.labels.end() && found->second == wanted.second;
  });
}

// fleet.hosts { label = value }: a list of { name, labels, facts }, by name.
int FleetHosts(lua_State* state) {
  Evaluation& evaluation = Evaluation::Of(state);
  if (!evaluation.input().fleet.has_value()) {
    Raise(state, "fleet.hosts is not available here: no server has told about the fleet");
  }
  std::map<std::string, std::string> selector = TakeSelector(state);
  std::map<std::string_view, const FleetHost*> found;
  for (const FleetHost& host : *evaluation.input().fleet) {
    if (Matches(host, selector)) {
      found.emplace(host.name, &host);
    }
  }
  evaluation.AddFleetQuery(std::move(selector));
  evaluation.sandbox().Charge(evaluation.input().fleet->size());
  lua_createtable(state, static_cast<int>(found.size()), 0);
  lua_Integer at = 0;
  for (const auto& [name, host] : found) {
    PushValue(
        state,
        Value::Map{
            {"name", host->name}, {"labels", LabelsAsValue(host->labels)}, {"facts", host->facts}});
    lua_rawseti(state, -2, ++at);
  }
  return 1;
}

// Goes to the notes of the evaluation.
int Print(lua_State* state) {
  std::string line;
  const int count = lua_gettop(state);
  for (int i = 1; i <= count; ++i) {
    line += i == 1 ? "" : "\t";
    if (IsSecret(state, i)) {
      line += "<secret>";
    } else if (lua_type(state, i) == LUA_TBOOLEAN) {
      line += lua_toboolean(state, i) != 0 ? "true" : "false";
    } else if (lua_isstring(state, i) != 0) {
      lua_pushvalue(state, i);
      line += lua_tostring(state, -1);
    } else if (HandleAt(state, i) >= 0) {
      line += luaL_tolstring(state, i, nullptr);
    } else {
      line += lua_typename(state, lua_type(state, i));
    }
    lua_settop(state, count);
  }
  Evaluation::Of(state).AddNote(std::move(line));
  return 0;
}

}  // namespace

void FillEnvironment(Evaluation& evaluation, std::size_t inclusion) {
  lua_State* state = evaluation.sandbox().state();
  PushHost(state);
  lua_setfield(state, -2, "host");
  PushParams(evaluation, inclusion);
  lua_setfield(state, -2, "params");
  FillModuleWords(evaluation);
}

void PushPlainEnvironment(Evaluation& evaluation, bool with_data) {
  lua_State* state = evaluation.sandbox().state();
  evaluation.sandbox().PushEnvironment();
  FillEnvironment(evaluation, evaluation.current_index());
  const auto remove = [state](const char* name) {
    lua_pushnil(state);
    lua_setfield(state, -2, name);
  };
  for (const resource::Schema* schema : evaluation.input().schemas) {
    remove(schema->type.c_str());
  }
  for (const char* name : {"group", "include", "param"}) {
    remove(name);
  }
  if (!with_data) {
    for (const char* name : {"data", "params", "secret"}) {
      remove(name);
    }
  }
}

void RegisterHostWords(Evaluation& evaluation) {
  lua_State* state = evaluation.sandbox().state();
  lua_newtable(state);
  lua_pushcfunction(state, FleetHosts);
  lua_setfield(state, -2, "hosts");
  evaluation.sandbox().SetWord("fleet");
  lua_pushcfunction(state, Print);
  evaluation.sandbox().SetWord("print");
}

}  // namespace fettle::recipe
