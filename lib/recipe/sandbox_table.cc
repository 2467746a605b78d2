// SPDX-License-Identifier: Apache-2.0
// The table functions that differ from Lua's own: work is charged before it is done, and sort is
// stable, so that equal inputs give equal orders (Lua's takes its pivots from the clock).
#include <algorithm>
#include <limits>
#include <vector>

#include "lib/recipe/lua_values.h"
#include "lib/recipe/sandbox.h"

namespace fettle::recipe {
namespace {

void ChargeSpan(lua_State* state, lua_Integer first, lua_Integer last) {
  if (last >= first) {
    // As unsigned: the difference of any two integers fits.
    Sandbox::Of(state).Charge(static_cast<uint64_t>(last) - static_cast<uint64_t>(first) + 1);
  }
}

// Calls Lua's own function (the upvalue) with all arguments.
int CallOriginal(lua_State* state) {
  lua_pushvalue(state, lua_upvalueindex(1));
  lua_insert(state, 1);
  lua_call(state, lua_gettop(state) - 1, LUA_MULTRET);
  return lua_gettop(state);
}

// insert without a position costs nothing much.
int Insert(lua_State* state) {
  if (lua_type(state, 1) == LUA_TTABLE && lua_gettop(state) == 3) {
    ChargeSpan(state, luaL_checkinteger(state, 2), luaL_len(state, 1));
  }
  return CallOriginal(state);
}

int Remove(lua_State* state) {
  if (lua_type(state, 1) == LUA_TTABLE && lua_gettop(state) == 2) {
    ChargeSpan(state, luaL_checkinteger(state, 2), luaL_len(state, 1));
  }
  return CallOriginal(state);
}

// concat, unpack: from and to are arguments `from` and `from` + 1.
int ChargeRange(lua_State* state, int from) {
  if (lua_type(state, 1) == LUA_TTABLE) {
    ChargeSpan(
        state,
        luaL_optinteger(state, from, 1),
        lua_isnoneornil(state, from + 1) ? luaL_len(state, 1) : luaL_checkinteger(state, from + 1));
  }
  return CallOriginal(state);
}

int Concat(lua_State* state) {
  return ChargeRange(state, 3);
}

int Unpack(lua_State* state) {
  return ChargeRange(state, 2);
}

int Move(lua_State* state) {
  ChargeSpan(state, luaL_checkinteger(state, 2), luaL_checkinteger(state, 3));
  return CallOriginal(state);
}

// Whether the value at stack index `a` comes before that at `b`; the comparison function, if any,
// is at 2.
bool Less(lua_State* state, int a, int b) {
  if (lua_isnil(state, 2)) {
    return lua_compare(state, a, b, LUA_OPLT) != 0;
  }
  a = lua_absindex(state, a);
  b = lua_absindex(state, b);
  lua_pushvalue(state, 2);
  lua_pushvalue(state, a);
  lua_pushvalue(state, b);
  lua_call(state, 2, 1);
  const bool less = lua_toboolean(state, -1) != 0;
  lua_pop(state, 1);
  return less;
}

// Merges the runs [low, middle) and [middle, high) of the table at `from` into that at `to`.
void Merge(
    lua_State* state, int from, int to, lua_Integer low, lua_Integer middle, lua_Integer high) {
  lua_Integer left = low;
  lua_Integer right = middle;
  for (lua_Integer at = low; at < high; ++at) {
    bool take_right = left >= middle;
    if (left < middle && right < high) {
      lua_rawgeti(state, from, left);
      lua_rawgeti(state, from, right);
      take_right = Less(state, -1, -2);
      lua_pop(state, 2);
    }
    lua_rawgeti(state, from, take_right ? right++ : left++);
    lua_rawseti(state, to, at);
  }
  Sandbox::Of(state).Charge(static_cast<uint64_t>(high - low));
}

int Sort(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  if (!lua_isnoneornil(state, 2)) {
    luaL_checktype(state, 2, LUA_TFUNCTION);
  }
  lua_settop(state, 2);
  const lua_Integer size = luaL_len(state, 1);
  ChargeSpan(state, 1, size);
  if (size >= std::numeric_limits<int>::max()) {
    Raise(state, "table too large to sort");
  }
  lua_createtable(state, static_cast<int>(size), 0);
  lua_createtable(state, static_cast<int>(size), 0);
  for (lua_Integer i = 1; i <= size; ++i) {
    lua_geti(state, 1, i);
    lua_rawseti(state, 3, i);
  }
  int from = 3;
  int to = 4;
  for (lua_Integer width = 1; width < size; width *= 2) {
    for (lua_Integer low = 1; low <= size; low += 2 * width) {
      const lua_Integer middle = std::min(low + width, size + 1);
      Merge(state, from, to, low, middle, std::min(low + 2 * width, size + 1));
    }
    std::swap(from, to);
  }
  for (lua_Integer i = 1; i <= size; ++i) {
    lua_rawgeti(state, from, i);
    lua_seti(state, 1, i);
  }
  return 0;
}

}  // namespace

void ReplaceTable(lua_State* state) {
  const Function kWrapped[] = {{"concat", Concat},
                               {"insert", Insert},
                               {"move", Move},
                               {"remove", Remove},
                               {"unpack", Unpack}};
  for (const Function& function : kWrapped) {
    lua_getfield(state, -1, function.name);
    lua_pushcclosure(state, function.function, 1);
    lua_setfield(state, -2, function.name);
  }
  lua_pushcfunction(state, Sort);
  lua_setfield(state, -2, "sort");
}

}  // namespace fettle::recipe
