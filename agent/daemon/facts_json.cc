// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/facts_json.h"

#include <nlohmann/json.hpp>

namespace fettle::agent {
namespace {

using resource::Value;

// NOLINTNEXTLINE(misc-no-recursion): facts are as deep as our own code makes them.
nlohmann::json ToJson(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kAbsent:
    case Value::Kind::kSecret:
      return nullptr;
    case Value::Kind::kBool:
      return value.AsBool();
    case Value::Kind::kInteger:
      return value.AsInteger();
    case Value::Kind::kString:
      return value.AsString();
    case Value::Kind::kList: {
      nlohmann::json list = nlohmann::json::array();
      for (const Value& item : value.AsList()) {
        list.push_back(ToJson(item));
      }
      return list;
    }
    case Value::Kind::kMap: {
      nlohmann::json map = nlohmann::json::object();
      for (const auto& [key, item] : value.AsMap()) {
        map[key] = ToJson(item);
      }
      return map;
    }
  }
  return nullptr;
}

}  // namespace

std::string FactsJson(const Value::Map& facts) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [name, fact] : facts) {
    object[name] = ToJson(fact);
  }
  // Invalid UTF-8 in a fact must not keep the others from being told.
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace fettle::agent
