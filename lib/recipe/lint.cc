// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/lint.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <lua.hpp>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/recipe/layers.h"
#include "lib/recipe/template.h"

namespace fettle::recipe {
namespace {

struct CloseState {
  void operator()(lua_State* state) const { lua_close(state); }
};

// "path:12: message" as Lua says it, taken apart; a message without a line stays whole.
Problem FromLua(const std::string& path, std::string_view said) {
  Problem problem{std::string(said), {.file = path}};
  const std::string prefix = path + ":";
  if (!said.starts_with(prefix)) {
    return problem;
  }
  const std::string_view rest = said.substr(prefix.size());
  const std::size_t colon = rest.find(':');
  int64_t line = 0;
  if (colon != std::string_view::npos && ParseInt(rest.substr(0, colon), &line)) {
    problem.position.line = static_cast<int32_t>(line);
    problem.message = Trim(rest.substr(colon + 1));
  }
  return problem;
}

std::optional<Problem> CheckLua(const std::string& path, std::string_view source) {
  const std::unique_ptr<lua_State, CloseState> state(luaL_newstate());
  if (state == nullptr) {
    return Problem{"no memory to read it", {.file = path}};
  }
  const std::string chunk = "@" + path;
  if (luaL_loadbufferx(state.get(), source.data(), source.size(), chunk.c_str(), "t") == LUA_OK) {
    return std::nullopt;
  }
  std::size_t size = 0;
  const char* const said = lua_tolstring(state.get(), -1, &size);
  return FromLua(path, said == nullptr ? "syntax error" : std::string_view(said, size));
}

std::optional<Problem> CheckTemplate(const std::string& path, std::string_view text) {
  const auto source = CompileTemplate(text);
  if (!source.ok()) {
    return Problem{std::string(Message(source.status())), {.file = path}};
  }
  return CheckLua(path, *source);
}

std::optional<Problem> CheckData(const std::string& path, const std::string& text) {
  const auto value = path.ends_with(".json") ? ParseJson(text) : ParseYaml(text);
  if (value.ok()) {
    return std::nullopt;
  }
  return Problem{std::string(Message(value.status())), {.file = path}};
}

// Which reader a file has by its place and name; nullopt: it has none that could complain.
std::optional<Problem> CheckFile(const std::string& path, const policy::TreeFile& file) {
  if (path.find("/files/") != std::string::npos || path.starts_with("files/")) {
    return std::nullopt;
  }
  if (path.find("/templates/") != std::string::npos || path.starts_with("templates/")) {
    return CheckTemplate(path, file.content);
  }
  if (path.ends_with(".lua")) {
    return CheckLua(path, file.content);
  }
  const bool data = path.ends_with(".json") || path.ends_with(".yaml") || path.ends_with(".yml");
  return data && path.starts_with("data/") ? CheckData(path, file.content) : std::nullopt;
}

}  // namespace

std::vector<Problem> Lint(const policy::Tree& tree) {
  std::vector<Problem> problems;
  if (tree.Find("fleet.lua") == nullptr) {
    problems.push_back({"there is no fleet.lua, which says what each host gets", {}});
  }
  for (const auto& [path, file] : tree.files()) {
    if (std::optional<Problem> problem = CheckFile(path, file); problem.has_value()) {
      problems.push_back(*std::move(problem));
    }
  }
  return problems;
}

}  // namespace fettle::recipe
