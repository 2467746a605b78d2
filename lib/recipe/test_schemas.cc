// SPDX-License-Identifier: Apache-2.0
#include "lib/recipe/test_schemas.h"

#include <array>

#include "lib/base/status_macros.h"

namespace fettle::recipe {
namespace {

using resource::Attributes;
using resource::AttributeSchema;
using resource::AttributeType;
using resource::Footprint;
using resource::Schema;

AttributeSchema Attribute(const std::string& name, AttributeType type) {
  AttributeSchema attribute;
  attribute.name = name;
  attribute.type = type;
  attribute.doc = "For tests.";
  return attribute;
}

absl::StatusOr<std::string> PathName(std::string_view name) {
  return resource::CanonicalPath(name);
}

absl::StatusOr<std::string> UnitName(std::string_view name) {
  constexpr std::string_view kSuffix = ".service";
  return std::string(name.ends_with(kSuffix) ? name.substr(0, name.size() - kSuffix.size()) : name);
}

absl::StatusOr<std::string> PlainName(std::string_view name) {
  return std::string(name);
}

Footprint OwnsPath(std::string_view name, const Attributes& /*attributes*/) {
  return {{"path:" + std::string(name)}, {}, {}};
}

Footprint OwnsNothing(std::string_view /*name*/, const Attributes& /*attributes*/) {
  return {};
}

Schema Make(const std::string& type,
            absl::StatusOr<std::string> (*canonical)(std::string_view),
            Footprint (*footprint)(std::string_view, const Attributes&),
            std::vector<AttributeSchema> attributes) {
  Schema schema;
  schema.type = type;
  schema.doc = "For tests.";
  schema.name_doc = "For tests.";
  schema.attributes = std::move(attributes);
  schema.canonical_name = canonical;
  schema.footprint = footprint;
  return schema;
}

std::vector<Schema> MakeAll() {
  std::vector<Schema> all;
  AttributeSchema command = Attribute("command", AttributeType::kCommand);
  command.required = true;
  all.push_back(Make("directory",
                     PathName,
                     OwnsPath,
                     {Attribute("purge", AttributeType::kBool),
                      Attribute("keep", AttributeType::kStringList),
                      Attribute("mode", AttributeType::kMode)}));
  all.push_back(Make("exec", PlainName, OwnsNothing, {command}));
  all.push_back(Make("file",
                     PathName,
                     OwnsPath,
                     {Attribute("content", AttributeType::kString),
                      Attribute("source", AttributeType::kString),
                      Attribute("owner", AttributeType::kString),
                      Attribute("mode", AttributeType::kMode),
                      Attribute("size", AttributeType::kInteger),
                      Attribute("env", AttributeType::kStringMap)}));
  all.push_back(Make("group", PlainName, OwnsNothing, {Attribute("gid", AttributeType::kInteger)}));
  all.push_back(
      Make("package", PlainName, OwnsNothing, {Attribute("version", AttributeType::kString)}));
  all.push_back(Make(
      "service",
      UnitName,
      OwnsNothing,
      {Attribute("running", AttributeType::kBool), Attribute("enabled", AttributeType::kBool)}));
  return all;
}

}  // namespace

std::span<const Schema* const> TestSchemas() {
  static const std::vector<Schema> kAll = MakeAll();
  static const std::vector<const Schema*> kPointers = [] {
    std::vector<const Schema*> pointers;
    for (const Schema& schema : kAll) {
      pointers.push_back(&schema);
    }
    return pointers;
  }();
  return kPointers;
}

}  // namespace fettle::recipe
