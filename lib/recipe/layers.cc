// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/layers.h"

#include <algorithm>
#include <array>

#include "lib/base/status_macros.h"

namespace fettle::recipe {
namespace {

using resource::Value;

constexpr std::array<std::string_view, 4> kSuffixes = {".json", ".lua", ".yaml", ".yml"};

bool IsDataFile(std::string_view path) {
  return std::any_of(kSuffixes.begin(), kSuffixes.end(), [path](std::string_view suffix) {
    return path.ends_with(suffix);
  });
}

// A part of a layer's name from facts or labels, which must not lead elsewhere.
bool IsPlainName(std::string_view name) {
  return !name.empty() && name.find('/') == std::string_view::npos && name != "." && name != "..";
}

void AddLayer(const policy::Tree& tree, const std::string& layer, std::vector<std::string>* files) {
  for (const std::string_view suffix : kSuffixes) {
    const std::string file = fmt::format("{}{}", layer, suffix);
    if (tree.Find(file) != nullptr) {
      files->push_back(file);
    }
  }
  const std::string folder = layer + "/";
  for (auto entry = tree.files().lower_bound(folder);
       entry != tree.files().end() && entry->first.starts_with(folder);
       ++entry) {
    const bool direct = entry->first.find('/', folder.size()) == std::string::npos;
    if (direct && IsDataFile(entry->first)) {
      files->push_back(entry->first);
    }
  }
}

std::string TextFact(const Value::Map& facts, std::string_view name) {
  const Value* value = FindData(facts, name);
  if (value == nullptr) {
    return "";
  }
  switch (value->kind()) {
    case Value::Kind::kString:
      return value->AsString();
    case Value::Kind::kInteger:
      return std::to_string(value->AsInteger());
    default:
      return "";
  }
}

}  // namespace

std::vector<std::string> DataLayers(const EvaluateInput& input) {
  std::vector<std::string> layers = {"data/common"};
  const std::string os = TextFact(input.facts, "os.id");
  std::string version = TextFact(input.facts, "os.version");
  if (version.empty()) {
    version = TextFact(input.facts, "os.version_id");
  }
  if (IsPlainName(os)) {
    layers.push_back("data/os/" + os);
    if (IsPlainName(version)) {
      layers.push_back(fmt::format("data/os/{}-{}", os, version));
    }
  }
  for (const auto& [key, value] : input.labels) {
    if (IsPlainName(key) && IsPlainName(value)) {
      layers.push_back(fmt::format("data/label/{}/{}", key, value));
    }
  }
  if (IsPlainName(input.host)) {
    layers.push_back("data/host/" + input.host);
  }
  std::vector<std::string> files;
  for (const std::string& layer : layers) {
    AddLayer(*input.tree, layer, &files);
  }
  return files;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the values, which their parsers bound.
void MergeData(const Value& over, Value* under) {
  if (over.kind() != Value::Kind::kMap || under->kind() != Value::Kind::kMap) {
    *under = over;
    return;
  }
  Value::Map merged = under->AsMap();
  for (const auto& [key, value] : over.AsMap()) {
    MergeData(value, &merged[key]);
  }
  *under = Value(std::move(merged));
}

const Value* FindData(const Value::Map& data, std::string_view key) {
  const Value::Map* map = &data;
  for (;;) {
    const auto whole = map->find(key);
    if (whole != map->end()) {
      return &whole->second;
    }
    const std::size_t dot = key.find('.');
    const auto part = map->find(key.substr(0, dot));
    if (dot == std::string_view::npos || part == map->end() ||
        part->second.kind() != Value::Kind::kMap) {
      return nullptr;
    }
    map = &part->second.AsMap();
    key.remove_prefix(dot + 1);
  }
}

}  // namespace fettle::recipe
