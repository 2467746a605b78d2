// SPDX-License-Identifier: Apache-2.0
// The basic functions that differ from Lua's own: errors that nothing may stop, iteration in a
// defined order, and texts without addresses.
#include <algorithm>
#include <compare>
#include <string>
#include <tuple>
#include <vector>

#include "lib/recipe/lua_values.h"
#include "lib/recipe/sandbox.h"

namespace fettle::recipe {
namespace {

// A key of a table in the order of iteration: numbers, texts, false, true. `text` belongs to the
// table.
struct Key {
  int rank = 0;
  double number = 0;
  lua_Integer integer = 0;
  bool is_integer = false;
  std::string_view text;
};

bool Before(const Key& a, const Key& b) {
  if (a.rank != b.rank) {
    return a.rank < b.rank;
  }
  if (a.rank != 0) {
    return a.text < b.text;
  }
  if (a.is_integer && b.is_integer) {
    return a.integer < b.integer;
  }
  return a.number < b.number;
}

Key KeyAt(lua_State* state, int index) {
  Key key;
  switch (lua_type(state, index)) {
    case LUA_TNUMBER:
      key.is_integer = lua_isinteger(state, index) != 0;
      key.integer = key.is_integer ? lua_tointeger(state, index) : 0;
      key.number = lua_tonumber(state, index);
      return key;
    case LUA_TSTRING:
      key.rank = 1;
      key.text = TextAt(state, index);
      return key;
    case LUA_TBOOLEAN:
      key.rank = lua_toboolean(state, index) != 0 ? 3 : 2;
      return key;
    default:
      Raise(state,
            "{} as a key has no place in a defined order; use texts or numbers as keys",
            TypeName(state, index));
  }
}

void PushKey(lua_State* state, const Key& key) {
  if (key.rank == 1) {
    PushText(state, key.text);
  } else if (key.rank > 1) {
    lua_pushboolean(state, key.rank == 3 ? 1 : 0);
  } else if (key.is_integer) {
    lua_pushinteger(state, key.integer);
  } else {
    lua_pushnumber(state, key.number);
  }
}

std::vector<Key> Keys(lua_State* state, int table) {
  std::vector<Key> keys;
  lua_pushnil(state);
  while (lua_next(state, table) != 0) {
    lua_pop(state, 1);
    keys.push_back(KeyAt(state, -1));
    if (keys.size() % 1024 == 0) {
      Sandbox::Of(state).Charge(1024);
    }
  }
  return keys;
}

// Upvalues: the sorted keys, the place in them. Argument 1: the table.
int NextSorted(lua_State* state) {
  lua_Integer place = lua_tointeger(state, lua_upvalueindex(2));
  for (;;) {
    lua_rawgeti(state, lua_upvalueindex(1), ++place);
    if (lua_isnil(state, -1)) {
      return 1;
    }
    lua_pushvalue(state, -1);
    lua_rawget(state, 1);
    if (!lua_isnil(state, -1)) {
      break;
    }
    lua_pop(state, 2);  // Removed since.
  }
  lua_pushinteger(state, place);
  lua_replace(state, lua_upvalueindex(2));
  return 2;
}

int Next(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  lua_settop(state, 2);
  const bool first = lua_isnil(state, 2);
  const Key after = first ? Key() : KeyAt(state, 2);
  const std::vector<Key> keys = Keys(state, 1);
  Sandbox::Of(state).Charge(keys.size());
  const Key* best = nullptr;
  for (const Key& key : keys) {
    if ((first || Before(after, key)) && (best == nullptr || Before(key, *best))) {
      best = &key;
    }
  }
  if (best == nullptr) {
    lua_pushnil(state);
    return 1;
  }
  PushKey(state, *best);
  lua_pushvalue(state, -1);
  lua_rawget(state, 1);
  return 2;
}

// Ends a protected call: results above `base` with true before them, or what went wrong.
int FinishProtected(lua_State* state, int status, int base) {
  Sandbox& sandbox = Sandbox::Of(state);
  if (status == LUA_ERRMEM || sandbox.dead()) {
    // Limits are not a recipe's to survive.
    sandbox.Kill("evaluation needs more memory than it may have");
  }
  lua_pushboolean(state, status == LUA_OK ? 1 : 0);
  lua_insert(state, base);
  return lua_gettop(state) - base + 1;
}

int ProtectedCall(lua_State* state) {
  luaL_checkany(state, 1);
  const int status = lua_pcall(state, lua_gettop(state) - 1, LUA_MULTRET, 0);
  return FinishProtected(state, status, 1);
}

int ProtectedCallWithHandler(lua_State* state) {
  luaL_checktype(state, 2, LUA_TFUNCTION);
  lua_pushvalue(state, 1);
  lua_pushvalue(state, 2);
  lua_replace(state, 1);
  lua_replace(state, 2);
  const int status = lua_pcall(state, lua_gettop(state) - 2, LUA_MULTRET, 1);
  return FinishProtected(state, status, 2);
}

// Pushes the text of the value at `index`, never an address. Secrets stay secrets.
void PushAsText(lua_State* state, int index) {
  index = lua_absindex(state, index);
  const int type = lua_type(state, index);
  if (IsSecret(state, index)) {
    lua_pushvalue(state, index);
  } else if (type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER ||
             type == LUA_TSTRING || luaL_getmetafield(state, index, "__tostring") != LUA_TNIL) {
    lua_settop(state, type >= LUA_TTABLE ? lua_gettop(state) - 1 : lua_gettop(state));
    luaL_tolstring(state, index, nullptr);
  } else {
    lua_pushstring(state, lua_typename(state, type));
  }
}

// A secret stays one: its mask must not end up in a file in its stead.
int ToText(lua_State* state) {
  luaL_checkany(state, 1);
  PushAsText(state, 1);
  return 1;
}

int SetMetatable(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  if (!lua_isnoneornil(state, 2)) {
    luaL_checktype(state, 2, LUA_TTABLE);
    lua_pushliteral(state, "__gc");
    if (lua_rawget(state, 2) != LUA_TNIL) {
      Raise(state, "__gc is not available: recipes have no finalizers");
    }
    lua_pop(state, 1);
  }
  if (luaL_getmetafield(state, 1, "__metatable") != LUA_TNIL) {
    Raise(state, "this metatable is protected");
  }
  lua_settop(state, 2);
  lua_setmetatable(state, 1);
  return 1;
}

}  // namespace

int SortedPairs(lua_State* state) {
  luaL_checkany(state, 1);
  if (luaL_getmetafield(state, 1, "__pairs") != LUA_TNIL) {
    lua_pushvalue(state, 1);
    lua_call(state, 1, 3);
    return 3;
  }
  if (lua_type(state, 1) != LUA_TTABLE) {
    Raise(state, "pairs() was given {}, not a table", TypeName(state, 1));
  }
  std::vector<Key> keys = Keys(state, 1);
  std::sort(keys.begin(), keys.end(), Before);
  lua_createtable(state, static_cast<int>(keys.size()), 0);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    PushKey(state, keys[i]);
    lua_rawseti(state, -2, static_cast<lua_Integer>(i) + 1);
  }
  lua_pushinteger(state, 0);
  lua_pushcclosure(state, NextSorted, 2);
  lua_pushvalue(state, 1);
  lua_pushnil(state);
  return 3;
}

void ReplaceBase(lua_State* state) {
  const Function kFunctions[] = {{"next", Next},
                                 {"pairs", SortedPairs},
                                 {"pcall", ProtectedCall},
                                 {"setmetatable", SetMetatable},
                                 {"tostring", ToText},
                                 {"xpcall", ProtectedCallWithHandler}};
  for (const Function& function : kFunctions) {
    lua_pushcfunction(state, function.function);
    lua_setfield(state, -2, function.name);
  }
}

}  // namespace fettle::recipe
