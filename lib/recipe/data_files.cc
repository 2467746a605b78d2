// SPDX-License-Identifier: Apache-2.0
// JSON and YAML as values. Both libraries report by exceptions, which end here.
#include <cstddef>
#include <exception>
#include <string>

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/recipe/layers.h"

namespace fettle::recipe {
namespace {

using resource::Value;

constexpr int kMaxDepth = 32;
// Also of what YAML aliases repeat: a short file must not grow without bound.
constexpr std::size_t kMaxNodes = 1'000'000;

absl::StatusOr<Value> FromJson(const nlohmann::json& json, int depth);

absl::StatusOr<Value> FromJsonObject(const nlohmann::json& json, int depth) {
  Value::Map map;
  for (const auto& [key, item] : json.items()) {
    absl::StatusOr<Value> value = FromJson(item, depth + 1);
    RETURN_IF_ERROR(Annotate(value.status(), key));
    map.emplace(key, *std::move(value));
  }
  return Value(std::move(map));
}

absl::StatusOr<Value> FromJsonArray(const nlohmann::json& json, int depth) {
  Value::List list;
  for (const nlohmann::json& item : json) {
    absl::StatusOr<Value> value = FromJson(item, depth + 1);
    RETURN_IF_ERROR(Annotate(value.status(), fmt::format("[{}]", list.size() + 1)));
    list.push_back(*std::move(value));
  }
  return Value(std::move(list));
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as kMaxDepth.
absl::StatusOr<Value> FromJson(const nlohmann::json& json, int depth) {
  if (depth > kMaxDepth) {
    return InvalidArgument("nested deeper than {} levels", kMaxDepth);
  }
  switch (json.type()) {
    case nlohmann::json::value_t::null:
      return Value();
    case nlohmann::json::value_t::boolean:
      return Value(json.get<bool>());
    case nlohmann::json::value_t::string:
      return Value(json.get<std::string>());
    case nlohmann::json::value_t::number_integer:
      return Value(json.get<int64_t>());
    case nlohmann::json::value_t::number_unsigned:
      if (json.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
        return InvalidArgument("{} is too large a number", json.dump());
      }
      return Value(json.get<int64_t>());
    case nlohmann::json::value_t::array:
      return FromJsonArray(json, depth);
    case nlohmann::json::value_t::object:
      return FromJsonObject(json, depth);
    default:
      return InvalidArgument("{} is not a whole number (write it as a text)", json.dump());
  }
}

class YamlReader {
 public:
  // NOLINTNEXTLINE(misc-no-recursion): as deep as kMaxDepth.
  absl::StatusOr<Value> Read(const YAML::Node& node, int depth) {
    if (depth > kMaxDepth || ++nodes_ > kMaxNodes) {
      return InvalidArgument(
          "nested deeper than {} levels, or more than {} values (aliases count "
          "each time)",
          kMaxDepth,
          kMaxNodes);
    }
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return Scalar(node);
      case YAML::NodeType::Sequence:
        return Sequence(node, depth);
      case YAML::NodeType::Map:
        return Mapping(node, depth);
      default:
        return Value();
    }
  }

 private:
  static Value Scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    if (node.Tag() == "!") {
      return Value(text);  // Quoted.
    }
    if (text == "true" || text == "false") {
      return Value(text == "true");
    }
    int64_t number = 0;
    if (ParseInt(text, &number) && std::to_string(number) == text) {
      return Value(number);
    }
    return Value(text);
  }

  // NOLINTNEXTLINE(misc-no-recursion): as deep as kMaxDepth.
  absl::StatusOr<Value> Sequence(const YAML::Node& node, int depth) {
    Value::List list;
    for (const YAML::Node& item : node) {
      ASSIGN_OR_RETURN(Value value, Read(item, depth + 1));
      list.push_back(std::move(value));
    }
    return Value(std::move(list));
  }

  // NOLINTNEXTLINE(misc-no-recursion): as deep as kMaxDepth.
  absl::StatusOr<Value> Mapping(const YAML::Node& node, int depth) {
    Value::Map map;
    for (const auto& entry : node) {
      const int line = entry.first.Mark().line + 1;
      if (!entry.first.IsScalar()) {
        return InvalidArgument("line {}: a key is to be a text", line);
      }
      ASSIGN_OR_RETURN(Value value, Read(entry.second, depth + 1));
      if (!map.emplace(entry.first.Scalar(), std::move(value)).second) {
        return InvalidArgument("line {}: key \"{}\" is there twice", line, entry.first.Scalar());
      }
    }
    return Value(std::move(map));
  }

  std::size_t nodes_ = 0;
};

}  // namespace

absl::StatusOr<Value> ParseJson(std::string_view text) {
  try {
    return FromJson(nlohmann::json::parse(text.begin(), text.end()), 0);
  } catch (const std::exception& error) {
    return InvalidArgument("{}", error.what());
  }
}

absl::StatusOr<Value> ParseYaml(const std::string& text) {
  try {
    return YamlReader().Read(YAML::Load(text), 0);
  } catch (const YAML::Exception& error) {
    return InvalidArgument("line {}: {}", error.mark.line + 1, error.msg);
  } catch (const std::exception& error) {
    return InvalidArgument("{}", error.what());
  }
}

}  // namespace fettle::recipe
