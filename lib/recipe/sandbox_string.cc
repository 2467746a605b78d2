// SPDX-License-Identifier: Apache-2.0
// The text functions that differ from Lua's own: bounded patterns, no bytecode, no addresses.
#include <algorithm>
#include <cstring>
#include <string>

#include "lib/recipe/lua_values.h"
#include "lib/recipe/pattern.h"
#include "lib/recipe/sandbox.h"

namespace fettle::recipe {
namespace {

PatternMatcher::Hooks HooksFor(lua_State* state) {
  return {[state](uint64_t steps) { Sandbox::Of(state).Charge(steps); },
          [state](const char* what) { Raise(state, "{}", what); }};
}

void PushCapture(lua_State* state, std::string_view text, const PatternCapture& capture) {
  if (capture.position) {
    lua_pushinteger(state, static_cast<lua_Integer>(capture.begin) + 1);
  } else {
    PushText(state, text.substr(capture.begin, capture.size));
  }
}

// Pushes all captures, or the whole match when the pattern has none; how many.
int PushCaptures(lua_State* state, std::string_view text, const PatternMatch& match, bool whole) {
  luaL_checkstack(state, static_cast<int>(match.count) + 1, "too many captures");
  if (match.count == 0 && whole) {
    PushText(state, text.substr(match.begin, match.end - match.begin));
    return 1;
  }
  for (std::size_t i = 0; i < match.count; ++i) {
    PushCapture(state, text, match.captures[i]);
  }
  return static_cast<int>(match.count);
}

std::string_view Argument(lua_State* state, int index) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(state, index, &size);
  return {text, size};
}

// The offset of the optional argument `index` (from 1, negative from the end); false when beyond.
bool StartOffset(lua_State* state, int index, std::size_t size, std::size_t* offset) {
  const lua_Integer given = luaL_optinteger(state, index, 1);
  const auto length = static_cast<lua_Integer>(size);
  const lua_Integer from = given > 0                       ? given
                           : given == 0 || given < -length ? 1
                                                           : length + given + 1;
  *offset = static_cast<std::size_t>(from - 1);
  return from <= length + 1;
}

int FindPlain(lua_State* state, std::string_view text, std::string_view part, std::size_t from) {
  Sandbox::Of(state).Charge((text.size() - from) / 16);
  const void* found =
      part.empty() ? text.data() + from
                   : memmem(text.data() + from, text.size() - from, part.data(), part.size());
  if (found == nullptr) {
    lua_pushnil(state);
    return 1;
  }
  const auto begin = static_cast<const char*>(found) - text.data();
  lua_pushinteger(state, begin + 1);
  lua_pushinteger(state, begin + static_cast<lua_Integer>(part.size()));
  return 2;
}

int FindOrMatch(lua_State* state, bool find) {
  const std::string_view text = Argument(state, 1);
  const std::string_view pattern = Argument(state, 2);
  std::size_t from = 0;
  if (!StartOffset(state, 3, text.size(), &from)) {
    lua_pushnil(state);
    return 1;
  }
  const bool plain = pattern.find_first_of("^$*+?.([%-") == std::string_view::npos;
  if (find && (lua_toboolean(state, 4) != 0 || plain)) {
    return FindPlain(state, text, pattern, from);
  }
  const PatternMatcher::Hooks hooks = HooksFor(state);
  PatternMatcher matcher(text, pattern, true, hooks);
  PatternMatch match;
  if (!matcher.Find(from, &match)) {
    lua_pushnil(state);
    return 1;
  }
  if (!find) {
    return PushCaptures(state, text, match, true);
  }
  lua_pushinteger(state, static_cast<lua_Integer>(match.begin) + 1);
  lua_pushinteger(state, static_cast<lua_Integer>(match.end));
  return 2 + PushCaptures(state, text, match, false);
}

int StringFind(lua_State* state) {
  return FindOrMatch(state, true);
}

int StringMatch(lua_State* state) {
  return FindOrMatch(state, false);
}

// Upvalues: text, pattern, where to go on, where the last match ended (-1: none).
int GmatchStep(lua_State* state) {
  const std::string_view text = TextAt(state, lua_upvalueindex(1));
  const std::string_view pattern = TextAt(state, lua_upvalueindex(2));
  auto from = static_cast<std::size_t>(lua_tointeger(state, lua_upvalueindex(3)));
  const lua_Integer last = lua_tointeger(state, lua_upvalueindex(4));
  const PatternMatcher::Hooks hooks = HooksFor(state);
  PatternMatcher matcher(text, pattern, false, hooks);
  PatternMatch match;
  while (from <= text.size() && matcher.Find(from, &match)) {
    if (static_cast<lua_Integer>(match.end) == last) {
      from = match.begin + 1;
      continue;
    }
    lua_pushinteger(state, static_cast<lua_Integer>(match.end));
    lua_copy(state, -1, lua_upvalueindex(3));
    lua_replace(state, lua_upvalueindex(4));
    return PushCaptures(state, text, match, true);
  }
  return 0;
}

int StringGmatch(lua_State* state) {
  const std::string_view text = Argument(state, 1);
  Argument(state, 2);
  std::size_t from = 0;
  if (!StartOffset(state, 3, text.size(), &from)) {
    from = text.size() + 1;
  }
  lua_settop(state, 2);
  lua_pushinteger(state, static_cast<lua_Integer>(from));
  lua_pushinteger(state, -1);
  lua_pushcclosure(state, GmatchStep, 4);
  return 1;
}

// Appends the replacement text at `index`, with %0 … %9 filled in.
void AppendTemplate(lua_State* state,
                    std::string_view text,
                    const PatternMatch& match,
                    luaL_Buffer* out) {
  const std::string_view replacement = TextAt(state, 3);
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '%') {
      luaL_addchar(out, replacement[i]);
      continue;
    }
    const char name = ++i < replacement.size() ? replacement[i] : '\0';
    if (name == '%') {
      luaL_addchar(out, '%');
    } else if (name == '0' || (name == '1' && match.count == 0)) {
      luaL_addlstring(out, text.data() + match.begin, match.end - match.begin);
    } else if (name >= '1' && name <= '9' && static_cast<std::size_t>(name - '1') < match.count) {
      PushCapture(state, text, match.captures[static_cast<std::size_t>(name - '1')]);
      luaL_addvalue(out);
    } else if (name >= '1' && name <= '9') {
      Raise(state, "invalid capture index %{} in replacement string", name);
    } else {
      Raise(state, "invalid use of '%' in replacement string");
    }
  }
}

// Appends what argument 3 makes of the match.
void AppendReplacement(lua_State* state,
                       std::string_view text,
                       const PatternMatch& match,
                       luaL_Buffer* out) {
  const int type = lua_type(state, 3);
  if (type == LUA_TSTRING) {
    AppendTemplate(state, text, match, out);
    return;
  }
  if (type == LUA_TFUNCTION) {
    lua_pushvalue(state, 3);
    const int count = PushCaptures(state, text, match, true);
    lua_call(state, count, 1);
  } else {
    PatternMatch first = match;
    first.count = std::min<std::size_t>(first.count, 1);
    PushCaptures(state, text, first, true);
    lua_gettable(state, 3);
  }
  if (lua_toboolean(state, -1) == 0) {
    lua_pop(state, 1);
    luaL_addlstring(out, text.data() + match.begin, match.end - match.begin);
  } else if (lua_isstring(state, -1) != 0) {
    luaL_addvalue(out);
  } else {
    Raise(state, "invalid replacement value ({})", TypeName(state, -1));
  }
}

int StringGsub(lua_State* state) {
  const std::string_view text = Argument(state, 1);
  const std::string_view pattern = Argument(state, 2);
  const int type = lua_type(state, 3);
  if (type == LUA_TNUMBER) {
    lua_tolstring(state, 3, nullptr);
  } else if (type != LUA_TSTRING && type != LUA_TTABLE && type != LUA_TFUNCTION) {
    Raise(state, "gsub replaces by a text, table or function, not {}", TypeName(state, 3));
  }
  const lua_Integer most = luaL_optinteger(state, 4, static_cast<lua_Integer>(text.size()) + 1);
  const PatternMatcher::Hooks hooks = HooksFor(state);
  PatternMatcher matcher(text, pattern, true, hooks);
  luaL_Buffer out;
  luaL_buffinit(state, &out);
  lua_Integer count = 0;
  std::size_t at = 0;
  std::size_t last = static_cast<std::size_t>(-1);
  PatternMatch match;
  while (count < most) {
    if (matcher.MatchAt(at, &match) && match.end != last) {
      ++count;
      AppendReplacement(state, text, match, &out);
      at = last = match.end;
    } else if (at < text.size()) {
      luaL_addchar(&out, text[at]);
      ++at;
    } else {
      break;
    }
    if (matcher.anchored()) {
      break;
    }
  }
  at = std::min(at, text.size());
  luaL_addlstring(&out, text.data() + at, text.size() - at);
  luaL_pushresult(&out);
  lua_pushinteger(state, count);
  return 2;
}

// Upvalue: Lua's own format. Tables and functions are shown by their kind, secrets make the result
// a secret.
int StringFormat(lua_State* state) {
  const std::string_view format = Argument(state, 1);
  if (format.find("%p") != std::string_view::npos) {
    Raise(state, "string.format cannot show addresses (%p): they differ from run to run");
  }
  const int arguments = lua_gettop(state);
  bool secret = false;
  for (int i = 2; i <= arguments; ++i) {
    const int type = lua_type(state, i);
    if (IsSecret(state, i)) {
      secret = true;
      PushText(state, SecretAt(state, i));
      lua_replace(state, i);
    } else if (type >= LUA_TTABLE && luaL_getmetafield(state, i, "__tostring") == LUA_TNIL) {
      lua_pushstring(state, lua_typename(state, type));
      lua_replace(state, i);
    }
    lua_settop(state, arguments);
  }
  lua_pushvalue(state, lua_upvalueindex(1));
  lua_insert(state, 1);
  lua_call(state, arguments, 1);
  if (secret) {
    PushSecret(state, TextAt(state, -1));
  }
  return 1;
}

}  // namespace

void ReplaceString(lua_State* state) {
  const Function kFunctions[] = {
      {"find", StringFind}, {"gmatch", StringGmatch}, {"gsub", StringGsub}, {"match", StringMatch}};
  for (const Function& function : kFunctions) {
    lua_pushcfunction(state, function.function);
    lua_setfield(state, -2, function.name);
  }
  lua_getfield(state, -1, "format");
  lua_pushcclosure(state, StringFormat, 1);
  lua_setfield(state, -2, "format");
  lua_pushnil(state);
  lua_setfield(state, -2, "dump");
}

}  // namespace fettle::recipe
