// SPDX-License-Identifier: Apache-2.0
// `data "key"` and `secret "name"`.
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/recipe/evaluation.h"
#include "lib/recipe/layers.h"
#include "lib/recipe/lua_values.h"

namespace fettle::recipe {
namespace {

using resource::Value;

// The table that a data file in Lua returns. It sees the library and `host`, nothing else.
absl::StatusOr<Value> RunLuaLayer(Evaluation& evaluation, const std::string& file) {
  Sandbox& sandbox = evaluation.sandbox();
  lua_State* state = sandbox.state();
  const policy::TreeFile* source = evaluation.input().tree->Find(file);
  LuaError error;
  PushPlainEnvironment(evaluation, false);
  const bool loaded = sandbox.LoadText(source->content, file, -1, &error);
  if (!loaded || !sandbox.Call(0, 1, &error)) {
    lua_pop(state, 1);
    if (sandbox.dead()) {
      sandbox.Kill("");
    }
    evaluation.AddProblem(error.message, {error.file.empty() ? file : error.file, error.line, {}});
    return Value(Value::Map());
  }
  absl::StatusOr<Value> value = ToValue(state, -1);
  lua_pop(state, 2);
  return value;
}

absl::StatusOr<Value> ReadLayer(Evaluation& evaluation, const std::string& file) {
  const std::string& content = evaluation.input().tree->Find(file)->content;
  evaluation.sandbox().Charge(content.size());
  if (file.ends_with(".lua")) {
    return RunLuaLayer(evaluation, file);
  }
  return file.ends_with(".json") ? ParseJson(content) : ParseYaml(content);
}

void LoadData(Evaluation& evaluation) {
  evaluation.data_loaded = true;
  Value merged = Value::Map();
  for (const std::string& file : DataLayers(evaluation.input())) {
    absl::StatusOr<Value> layer = ReadLayer(evaluation, file);
    if (layer.ok() &&
        (layer->absent() || (layer->kind() == Value::Kind::kList && layer->AsList().empty()))) {
      continue;  // An empty file.
    }
    if (layer.ok() && layer->kind() != Value::Kind::kMap) {
      layer = InvalidArgument("a data file is to be a table of keys, not {}",
                              resource::KindName(layer->kind()));
    }
    if (!layer.ok()) {
      evaluation.AddProblem(std::string(Message(layer.status())), {file, 0, {}});
      continue;
    }
    MergeData(*layer, &merged);
  }
  evaluation.data = merged.AsMap();
}

std::vector<std::string_view> Keys(const Value::Map& map) {
  std::vector<std::string_view> keys;
  for (const auto& [key, value] : map) {
    keys.push_back(key);
  }
  return keys;
}

// data("key") or data("key", default)
int DataWord(lua_State* state) {
  Evaluation& evaluation = Evaluation::Of(state);
  const std::string_view key = CheckText(state, 1, "the key of data");
  if (!evaluation.data_loaded) {
    LoadData(evaluation);
  }
  const Value* value = FindData(evaluation.data, key);
  if (value != nullptr) {
    PushValue(state, *value);
  } else if (lua_gettop(state) >= 2) {
    lua_pushvalue(state, 2);
  } else {
    Raise(state,
          "there is no data \"{}\" for this host{} (give a default: data(\"{}\", …))",
          key,
          DidYouMean(key, Keys(evaluation.data)),
          key);
  }
  return 1;
}

int SecretWord(lua_State* state) {
  const Evaluation& evaluation = Evaluation::Of(state);
  const std::string name(CheckText(state, 1, "the name of a secret"));
  const auto& secrets = evaluation.input().secrets;
  const auto found = secrets.find(name);
  if (found == secrets.end()) {
    std::vector<std::string_view> known;
    for (const auto& [known_name, text] : secrets) {
      known.push_back(known_name);
    }
    Raise(state, "there is no secret \"{}\" for this host{}", name, DidYouMean(name, known));
  }
  PushSecret(state, found->second);
  return 1;
}

}  // namespace

void RegisterDataWords(Evaluation& evaluation) {
  lua_State* state = evaluation.sandbox().state();
  lua_pushcfunction(state, DataWord);
  evaluation.sandbox().SetWord("data");
  lua_pushcfunction(state, SecretWord);
  evaluation.sandbox().SetWord("secret");
}

}  // namespace fettle::recipe
