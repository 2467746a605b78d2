// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/lua_values.h"

#include <cstdint>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/recipe/sandbox.h"

namespace fettle::recipe {
namespace {

using resource::Value;

constexpr char kSecretType[] = "fettle.secret";
constexpr int kMaxDepth = 32;

int ConcatSecret(lua_State* state) {
  std::string text;
  for (const int index : {1, 2}) {
    if (IsSecret(state, index)) {
      text += SecretAt(state, index);
    } else if (lua_isstring(state, index) != 0) {
      lua_pushvalue(state, index);
      std::size_t size = 0;
      const char* part = lua_tolstring(state, -1, &size);
      text.append(part, size);
      lua_pop(state, 1);
    } else {
      Raise(state, "cannot join a secret and {}", TypeName(state, index));
    }
  }
  PushSecret(state, text);
  return 1;
}

int SecretToText(lua_State* state) {
  lua_pushliteral(state, "<secret>");
  return 1;
}

int EqualSecrets(lua_State* state) {
  lua_pushboolean(
      state,
      IsSecret(state, 1) && IsSecret(state, 2) && SecretAt(state, 1) == SecretAt(state, 2) ? 1 : 0);
  return 1;
}

int IndexSecret(lua_State* state) {
  Raise(state,
        "a secret can be joined with .. and given to attributes and templates, nothing else");
}

absl::StatusOr<Value> ConvertNumber(lua_State* state, int index) {
  int exact = 0;
  const lua_Integer integer = lua_tointegerx(state, index, &exact);
  if (exact == 0) {
    return InvalidArgument("{} is not a whole number (write it as a text)",
                           lua_tonumber(state, index));
  }
  return Value(int64_t{integer});
}

absl::StatusOr<Value> Convert(lua_State* state, int index, int depth);

absl::StatusOr<Value> ConvertList(lua_State* state, int table, lua_Unsigned size, int depth) {
  Value::List list;
  list.reserve(size);
  for (lua_Unsigned i = 1; i <= size; ++i) {
    lua_rawgeti(state, table, static_cast<lua_Integer>(i));
    absl::StatusOr<Value> item = Convert(state, -1, depth + 1);
    lua_pop(state, 1);
    if (!item.ok()) {
      return Annotate(item.status(), fmt::format("[{}]", i));
    }
    list.push_back(*std::move(item));
  }
  return Value(std::move(list));
}

// Adds the entry on top of the stack (key, value).
absl::Status ConvertEntry(lua_State* state, int depth, Value::Map* map) {
  if (lua_type(state, -2) != LUA_TSTRING) {
    return InvalidArgument(
        "a table is to be a list from 1 on without gaps, or to have texts as "
        "keys; this one mixes them");
  }
  const std::string key(TextAt(state, -2));
  absl::StatusOr<Value> value = Convert(state, -1, depth + 1);
  if (!value.ok()) {
    return Annotate(value.status(), key);
  }
  map->emplace(key, *std::move(value));
  return absl::OkStatus();
}

absl::StatusOr<Value> ConvertMap(lua_State* state, int table, int depth) {
  Value::Map map;
  lua_pushnil(state);
  while (lua_next(state, table) != 0) {
    absl::Status added = ConvertEntry(state, depth, &map);
    if (!added.ok()) {
      lua_pop(state, 2);
      return added;
    }
    lua_pop(state, 1);
  }
  return Value(std::move(map));
}

// Entries of the table at `table`, up to `most`.
lua_Unsigned CountEntries(lua_State* state, int table, lua_Unsigned most) {
  lua_Unsigned count = 0;
  lua_pushnil(state);
  while (lua_next(state, table) != 0) {
    lua_pop(state, 1);
    if (++count > most) {
      lua_pop(state, 1);
      break;
    }
  }
  return count;
}

absl::StatusOr<Value> ConvertTable(lua_State* state, int table, int depth) {
  if (depth >= kMaxDepth) {
    return InvalidArgument("tables within tables beyond {} levels (does one contain itself?)",
                           kMaxDepth);
  }
  luaL_checkstack(state, 8, "tables within tables");
  const lua_Unsigned size = lua_rawlen(state, table);
  const lua_Unsigned entries = CountEntries(state, table, size);
  Sandbox::Of(state).Charge(entries);
  if (entries == 0) {
    return Value(Value::List());
  }
  if (entries == size) {
    return ConvertList(state, table, size, depth);
  }
  return ConvertMap(state, table, depth);
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as kMaxDepth.
absl::StatusOr<Value> Convert(lua_State* state, int index, int depth) {
  index = lua_absindex(state, index);
  switch (lua_type(state, index)) {
    case LUA_TNIL:
      return Value();
    case LUA_TBOOLEAN:
      return Value(lua_toboolean(state, index) != 0);
    case LUA_TNUMBER:
      return ConvertNumber(state, index);
    case LUA_TSTRING:
      return Value(TextAt(state, index));
    case LUA_TTABLE:
      return ConvertTable(state, index, depth);
    default:
      if (IsSecret(state, index)) {
        return Value::Secret(std::string(SecretAt(state, index)));
      }
      return InvalidArgument("{} cannot be a value here", TypeName(state, index));
  }
}

}  // namespace

void OpenValues(lua_State* state) {
  luaL_newmetatable(state, kSecretType);
  const Function kFunctions[] = {{"__concat", ConcatSecret},
                                 {"__tostring", SecretToText},
                                 {"__eq", EqualSecrets},
                                 {"__index", IndexSecret},
                                 {"__newindex", IndexSecret}};
  for (const Function& function : kFunctions) {
    lua_pushcfunction(state, function.function);
    lua_setfield(state, -2, function.name);
  }
  lua_pushboolean(state, 0);
  lua_setfield(state, -2, "__metatable");
  lua_pushliteral(state, "secret");
  lua_setfield(state, -2, "__name");
  lua_pop(state, 1);
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the value, which is bounded where it was made.
void PushValue(lua_State* state, const Value& value) {
  luaL_checkstack(state, 4, "nested value");
  switch (value.kind()) {
    case Value::Kind::kAbsent:
      lua_pushnil(state);
      break;
    case Value::Kind::kBool:
      lua_pushboolean(state, value.AsBool() ? 1 : 0);
      break;
    case Value::Kind::kInteger:
      lua_pushinteger(state, value.AsInteger());
      break;
    case Value::Kind::kString:
      PushText(state, value.AsString());
      break;
    case Value::Kind::kSecret:
      PushSecret(state, value.AsString());
      break;
    case Value::Kind::kList: {
      const Value::List& list = value.AsList();
      lua_createtable(state, static_cast<int>(list.size()), 0);
      for (std::size_t i = 0; i < list.size(); ++i) {
        PushValue(state, list[i]);
        lua_rawseti(state, -2, static_cast<lua_Integer>(i) + 1);
      }
      break;
    }
    case Value::Kind::kMap:
      lua_createtable(state, 0, static_cast<int>(value.AsMap().size()));
      for (const auto& [key, item] : value.AsMap()) {
        PushText(state, key);
        PushValue(state, item);
        lua_rawset(state, -3);
      }
      break;
  }
}

absl::StatusOr<Value> ToValue(lua_State* state, int index) {
  return Convert(state, index, 0);
}

void PushSecret(lua_State* state, std::string_view text) {
  lua_newuserdatauv(state, 0, 1);
  PushText(state, text);
  lua_setiuservalue(state, -2, 1);
  luaL_setmetatable(state, kSecretType);
}

bool IsSecret(lua_State* state, int index) {
  return lua_type(state, index) == LUA_TUSERDATA &&
         luaL_testudata(state, index, kSecretType) != nullptr;
}

std::string_view SecretAt(lua_State* state, int index) {
  if (!IsSecret(state, index)) {
    return {};
  }
  lua_getiuservalue(state, index, 1);
  const std::string_view text = TextAt(state, -1);
  lua_pop(state, 1);
  return text;
}

std::string_view TypeName(lua_State* state, int index) {
  switch (lua_type(state, index)) {
    case LUA_TNONE:
      return "nothing";
    case LUA_TNIL:
      return "nil";
    case LUA_TBOOLEAN:
      return lua_toboolean(state, index) != 0 ? "true" : "false";
    case LUA_TNUMBER:
      return "a number";
    case LUA_TSTRING:
      return "a text";
    case LUA_TTABLE:
      return "a table";
    case LUA_TFUNCTION:
      return "a function";
    default:
      return IsSecret(state, index) ? "a secret" : "a resource";
  }
}

}  // namespace fettle::recipe
