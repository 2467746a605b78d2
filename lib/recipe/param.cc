// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/param.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::recipe {
namespace {

using resource::Value;

constexpr std::array<std::string_view, 6> kTypes = {
    "any", "boolean", "integer", "list", "string", "table"};
constexpr std::array<std::string_view, 7> kWords = {
    "allowed", "default", "doc", "max", "min", "required", "type"};

bool IsEmptyList(const Value& value) {
  return value.kind() == Value::Kind::kList && value.AsList().empty();
}

bool HasType(const Value& value, std::string_view type) {
  switch (value.kind()) {
    case Value::Kind::kBool:
      return type == "any" || type == "boolean";
    case Value::Kind::kInteger:
      return type == "any" || type == "integer";
    case Value::Kind::kString:
    case Value::Kind::kSecret:
      return type == "any" || type == "string";
    case Value::Kind::kList:
      return type == "any" || type == "list" || (type == "table" && IsEmptyList(value));
    case Value::Kind::kMap:
      return type == "any" || type == "table";
    case Value::Kind::kAbsent:
      return true;
  }
  return false;
}

absl::Status TakeInteger(std::string_view name,
                         const Value& value,
                         std::optional<int64_t>* number) {
  if (value.kind() != Value::Kind::kInteger) {
    return InvalidArgument("{} is to be a whole number", name);
  }
  *number = value.AsInteger();
  return absl::OkStatus();
}

absl::Status TakeType(const Value& value, std::string* type) {
  if (value.kind() != Value::Kind::kString ||
      std::find(kTypes.begin(), kTypes.end(), value.AsString()) == kTypes.end()) {
    return InvalidArgument("type is to be one of any, boolean, integer, list, string, table{}",
                           value.kind() == Value::Kind::kString
                               ? DidYouMean(value.AsString(), kTypes)
                               : std::string());
  }
  *type = value.AsString();
  return absl::OkStatus();
}

absl::Status TakeWord(std::string_view name, const Value& value, ParamSchema* schema) {
  if (name == "type") {
    return TakeType(value, &schema->type);
  }
  if (name == "default") {
    schema->default_value = value;
    return absl::OkStatus();
  }
  if (name == "min") {
    return TakeInteger(name, value, &schema->min);
  }
  if (name == "max") {
    return TakeInteger(name, value, &schema->max);
  }
  if (name == "required" && value.kind() == Value::Kind::kBool) {
    schema->required = value.AsBool();
    return absl::OkStatus();
  }
  if (name == "doc" && value.kind() == Value::Kind::kString) {
    schema->doc = value.AsString();
    return absl::OkStatus();
  }
  if (name == "allowed" && value.kind() == Value::Kind::kList) {
    schema->allowed = value.AsList();
    return absl::OkStatus();
  }
  if (std::find(kWords.begin(), kWords.end(), name) != kWords.end()) {
    return InvalidArgument("{} cannot be {}", name, resource::KindName(value.kind()));
  }
  return InvalidArgument("unknown word \"{}\"{}", name, DidYouMean(name, kWords));
}

// The number that min and max are about, if the value has one.
std::optional<int64_t> Measure(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kInteger:
      return value.AsInteger();
    case Value::Kind::kString:
    case Value::Kind::kSecret:
      return static_cast<int64_t>(value.AsString().size());
    case Value::Kind::kList:
      return static_cast<int64_t>(value.AsList().size());
    default:
      return std::nullopt;
  }
}

absl::Status CheckBounds(const ParamSchema& schema, const Value& value) {
  const std::optional<int64_t> measure = Measure(value);
  const char* what = value.kind() == Value::Kind::kInteger ? "" : "its length ";
  if (measure.has_value() && schema.min.has_value() && *measure < *schema.min) {
    return InvalidArgument("{}is to be at least {}, not {}", what, *schema.min, *measure);
  }
  if (measure.has_value() && schema.max.has_value() && *measure > *schema.max) {
    return InvalidArgument("{}is to be at most {}, not {}", what, *schema.max, *measure);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ParamSchema> ParseParam(const Value& table) {
  ParamSchema schema;
  if (IsEmptyList(table)) {
    return schema;
  }
  if (table.kind() != Value::Kind::kMap) {
    return InvalidArgument("a table like {{ type = \"integer\", default = 4 }} is expected, not {}",
                           resource::KindName(table.kind()));
  }
  for (const auto& [name, value] : table.AsMap()) {
    RETURN_IF_ERROR(TakeWord(name, value, &schema));
  }
  return schema;
}

absl::StatusOr<Value> ParamValue(const ParamSchema& schema, const Value* given) {
  const Value& value = given == nullptr ? schema.default_value : *given;
  if (value.absent()) {
    if (schema.required) {
      return InvalidArgument("is required and was not given");
    }
    return Value();
  }
  if (!HasType(value, schema.type)) {
    return InvalidArgument("is to be of type {}, not {} ({})",
                           schema.type,
                           resource::KindName(value.kind()),
                           value.Display());
  }
  RETURN_IF_ERROR(CheckBounds(schema, value));
  if (!schema.allowed.empty() &&
      std::find(schema.allowed.begin(), schema.allowed.end(), value) == schema.allowed.end()) {
    return InvalidArgument("{} is not one of {}", value.Display(), Value(schema.allowed).Display());
  }
  if (schema.type == "table" && IsEmptyList(value)) {
    return Value(Value::Map());
  }
  return value;
}

}  // namespace fettle::recipe
