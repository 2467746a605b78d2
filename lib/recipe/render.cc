// SPDX-License-Identifier: Apache-2.0
// Templates rendered, and files found, for the attributes of a resource.
#include <utility>

#include "absl/cleanup/cleanup.h"

#include "lib/base/status_macros.h"
#include "lib/recipe/evaluation.h"
#include "lib/recipe/lua_values.h"
#include "lib/recipe/recipe_files.h"
#include "lib/recipe/template.h"

namespace fettle::recipe {
namespace {

using resource::Value;

// A compiled template is kept in this table of the registry, by file.
const char kTemplates = 0;

int Emit(lua_State* state) {
  Evaluation& evaluation = Evaluation::Of(state);
  Rendering* rendering = evaluation.rendering;
  if (rendering == nullptr || lua_gettop(state) != 1) {
    Raise(state, "<%= … %> takes one value");
  }
  const std::size_t before = rendering->text.size();
  if (IsSecret(state, 1)) {
    rendering->secret = true;
    rendering->text += SecretAt(state, 1);
  } else if (lua_type(state, 1) == LUA_TBOOLEAN) {
    rendering->text += lua_toboolean(state, 1) != 0 ? "true" : "false";
  } else if (lua_isstring(state, 1) != 0) {
    std::size_t size = 0;
    const char* text = lua_tolstring(state, 1, &size);
    rendering->text.append(text, size);
  } else {
    Raise(state,
          "<%= … %> is {}, not a text or number{}",
          TypeName(state, 1),
          lua_isnil(state, 1) ? " (an undefined field?)" : "");
  }
  evaluation.sandbox().Charge((rendering->text.size() - before) / 64);
  if (rendering->text.size() > policy::kMaxFileBytes) {
    evaluation.sandbox().Kill(
        fmt::format("a template yields more than {} bytes", policy::kMaxFileBytes));
  }
  return 0;
}

// Pushes the function of a template; its environment is its first upvalue. What is wrong with it
// is raised, with the place in the template.
void PushTemplate(Evaluation& evaluation, const std::string& path, std::string_view text) {
  Sandbox& sandbox = evaluation.sandbox();
  lua_State* state = sandbox.state();
  if (lua_rawgetp(state, LUA_REGISTRYINDEX, &kTemplates) == LUA_TNIL) {
    lua_newtable(state);
    lua_copy(state, -1, -2);
    lua_rawsetp(state, LUA_REGISTRYINDEX, &kTemplates);
  }
  PushText(state, path);
  if (lua_rawget(state, -2) == LUA_TFUNCTION) {
    lua_remove(state, -2);
    return;
  }
  lua_pop(state, 1);
  sandbox.Charge(text.size());
  const absl::StatusOr<std::string> source = CompileTemplate(text);
  if (!source.ok()) {
    Raise(state, "template {}: {}", path, Message(source.status()));
  }
  LuaError error;
  lua_pushnil(state);
  if (!sandbox.LoadText(*source, path, -1, &error)) {
    Raise(state, "template {}:{}: {}", path, error.line, error.message);
  }
  lua_remove(state, -2);
  PushText(state, path);
  lua_pushvalue(state, -2);
  lua_rawset(state, -4);
  lua_remove(state, -2);
}

struct RenderArguments {
  std::string path;
  const policy::TreeFile* file = nullptr;
};

// Argument 1: RenderArguments. Argument 2: vars. A function of Lua's so that errors are caught.
int RenderProtected(lua_State* state) {
  Evaluation& evaluation = Evaluation::Of(state);
  const auto& arguments = *static_cast<const RenderArguments*>(lua_touserdata(state, 1));
  PushTemplate(evaluation, arguments.path, arguments.file->content);
  PushPlainEnvironment(evaluation, true);
  lua_pushcfunction(state, Emit);
  lua_setfield(state, -2, std::string(kEmit).c_str());
  lua_pushvalue(state, 2);
  lua_setfield(state, -2, "vars");
  lua_setupvalue(state, -2, 1);
  lua_call(state, 0, 0);
  return 0;
}

}  // namespace

absl::StatusOr<Value> RenderTemplate(Evaluation& evaluation, std::string_view name, int vars) {
  RenderArguments arguments;
  const std::string folder = RecipeFolder(evaluation.current().recipe) + "templates/";
  ASSIGN_OR_RETURN(arguments.file, FindIn(*evaluation.input().tree, folder, name));
  arguments.path = fmt::format("{}{}", folder, name);
  Sandbox& sandbox = evaluation.sandbox();
  lua_State* state = sandbox.state();
  if (evaluation.rendering != nullptr) {
    return InvalidArgument("a template cannot render another one");
  }
  Rendering rendering;
  evaluation.rendering = &rendering;
  const absl::Cleanup done = [&evaluation] { evaluation.rendering = nullptr; };
  lua_pushcfunction(state, RenderProtected);
  lua_pushlightuserdata(state, &arguments);
  if (vars == 0) {
    lua_newtable(state);
  } else {
    lua_pushvalue(state, vars);
  }
  LuaError error;
  if (!sandbox.Call(2, 0, &error)) {
    if (sandbox.dead()) {
      sandbox.Kill("");
    }
    return InvalidArgument("{}{}",
                           error.file == arguments.path
                               ? fmt::format("template {}:{}: ", error.file, error.line)
                               : std::string(),
                           error.message);
  }
  return rendering.secret ? Value::Secret(std::move(rendering.text))
                          : Value(std::move(rendering.text));
}

absl::StatusOr<std::string> FindSource(Evaluation& evaluation, std::string_view name) {
  const std::string folder = RecipeFolder(evaluation.current().recipe) + "files/";
  ASSIGN_OR_RETURN(const policy::TreeFile* file, FindIn(*evaluation.input().tree, folder, name));
  return "sha256:" + file->digest.Hex();
}

}  // namespace fettle::recipe
