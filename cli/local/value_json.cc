// SPDX-License-Identifier: Apache-2.0
#include "cli/local/value_json.h"

namespace fettle::cli {

// NOLINTNEXTLINE(misc-no-recursion): values nest at most as deep as a recipe wrote them.
nlohmann::ordered_json ValueJson(const resource::Value& value) {
  using Kind = resource::Value::Kind;
  switch (value.kind()) {
    case Kind::kAbsent:
      return nullptr;
    case Kind::kBool:
      return value.AsBool();
    case Kind::kInteger:
      return value.AsInteger();
    case Kind::kString:
      return value.AsString();
    case Kind::kSecret:
      return value.Display();
    case Kind::kList: {
      auto list = nlohmann::ordered_json::array();
      for (const resource::Value& one : value.AsList()) {
        list.push_back(ValueJson(one));
      }
      return list;
    }
    case Kind::kMap: {
      auto map = nlohmann::ordered_json::object();
      for (const auto& [key, one] : value.AsMap()) {
        map[key] = ValueJson(one);
      }
      return map;
    }
  }
  return nullptr;
}

}  // namespace fettle::cli
