// SPDX-License-Identifier: Apache-2.0
// `require` and `load`: more Lua, of the tree or of a text, in an environment of the sandbox's.
#include <algorithm>
#include <array>
#include <utility>

#include "lib/base/text.h"
#include "lib/recipe/evaluation.h"
#include "lib/recipe/lua_values.h"
#include "lib/recipe/mark_guards.h"
#include "lib/recipe/recipe_files.h"

namespace fettle::recipe {
namespace {

const char kModules = 0;  // Key of the registry: table of what modules returned, by file.

// Where `require "a.b"` looks: beside the recipe, then in lib/ and modules/ of the tree.
std::string FindModule(Evaluation& evaluation, std::string_view name) {
  std::string path(name);
  std::replace(path.begin(), path.end(), '.', '/');
  const std::array<std::string, 3> kPlaces = {
      RecipeFolder(evaluation.current().recipe), std::string("lib/"), std::string("modules/")};
  for (const std::string& place : kPlaces) {
    for (const char* suffix : {".lua", "/init.lua"}) {
      std::string file = place + path + suffix;
      if (evaluation.input().tree->Find(file) != nullptr) {
        return file;
      }
    }
  }
  return "";
}

int RequireWord(lua_State* state) {
  Evaluation& evaluation = Evaluation::Of(state);
  Sandbox& sandbox = evaluation.sandbox();
  const std::string_view name = CheckText(state, 1, "the name of a module");
  const std::string file = FindModule(evaluation, name);
  if (file.empty()) {
    Raise(state,
          "there is no module \"{}\" (looked beside the recipe, in lib/ and in modules/ of the "
          "policy tree)",
          name);
  }
  lua_rawgetp(state, LUA_REGISTRYINDEX, &kModules);
  PushText(state, file);
  const int known = lua_rawget(state, -2);
  if (known == LUA_TLIGHTUSERDATA) {
    Raise(state, "module \"{}\" requires itself, by way of others", name);
  }
  if (known != LUA_TNIL) {
    return 1;
  }
  lua_pop(state, 1);
  PushText(state, file);
  lua_pushlightuserdata(state, nullptr);  // Being loaded.
  lua_rawset(state, -3);
  sandbox.PushEnvironment();
  FillEnvironment(evaluation, evaluation.current_index());
  LuaError error;
  if (!sandbox.LoadText(
          MarkGuards(evaluation.input().tree->Find(file)->content), file, -1, &error)) {
    Raise(state, "{}:{}: {}", error.file, error.line, error.message);
  }
  lua_call(state, 0, 1);
  if (lua_isnil(state, -1)) {
    lua_pop(state, 1);
    lua_pushboolean(state, 1);
  }
  lua_rawgetp(state, LUA_REGISTRYINDEX, &kModules);
  PushText(state, file);
  lua_pushvalue(state, -3);
  lua_rawset(state, -3);
  lua_pop(state, 1);
  return 1;
}

// load(text [, name [, mode [, environment]]]): text only. Upvalue 1: the environment it stands in.
int LoadWord(lua_State* state) {
  const std::string source(CheckText(state, 1, "what load compiles"));
  Sandbox& sandbox = Sandbox::Of(state);
  sandbox.Charge(source.size());
  const std::string_view mode = TextAt(state, 3);
  LuaError error;
  const bool own = lua_type(state, 4) == LUA_TTABLE;
  if (mode == "b") {
    error.message = "bytecode is not accepted";
  } else if (sandbox.LoadText(
                 source, std::string(kLoadedText), own ? 4 : lua_upvalueindex(1), &error)) {
    return 1;
  }
  if (sandbox.dead()) {
    sandbox.Kill("");
  }
  lua_pushnil(state);
  PushText(state, fmt::format("line {}: {}", error.line, error.message));
  return 2;
}

}  // namespace

void FillModuleWords(Evaluation& evaluation) {
  lua_State* state = evaluation.sandbox().state();
  lua_pushvalue(state, -1);
  lua_pushcclosure(state, LoadWord, 1);
  lua_setfield(state, -2, "load");
}

void RegisterModuleWords(Evaluation& evaluation) {
  lua_State* state = evaluation.sandbox().state();
  lua_newtable(state);
  lua_rawsetp(state, LUA_REGISTRYINDEX, &kModules);
  lua_pushcfunction(state, RequireWord);
  evaluation.sandbox().SetWord("require");
}

}  // namespace fettle::recipe
