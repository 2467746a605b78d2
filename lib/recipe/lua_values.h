// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include <lua.hpp>

#include "lib/resource/value.h"

namespace fettle::recipe {

// Called once a state: the metatable of secrets.
void OpenValues(lua_State* state);

// Pushes `value` as Lua has it: lists and maps as new tables, absent as nil, secrets as Secret.
void PushValue(lua_State* state, const resource::Value& value);

// What is at `index` as a Value. kInvalidArgument for fractions, functions, tables that are neither
// list nor map, and nesting beyond 32 levels; the message begins with where in the value. A table
// without entries is an empty list.
absl::StatusOr<resource::Value> ToValue(lua_State* state, int index);

// A text that nothing prints. Concatenation yields another one.
void PushSecret(lua_State* state, std::string_view text);
bool IsSecret(lua_State* state, int index);
// The content; "" when it is no secret. Lives as long as the secret.
std::string_view SecretAt(lua_State* state, int index);

// "a text", "nil", "a function" …: for messages.
std::string_view TypeName(lua_State* state, int index);

}  // namespace fettle::recipe
