// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "lib/base/status_macros.h"
#include "lib/resource/resource.h"
#include "tests/support/fake_host.h"

// Declarations as recipes make them, for the unit tests of resource types.
namespace fettle::testing {

// What is wrong with a declaration; empty when it is accepted.
inline std::vector<std::string> DeclarationErrors(const resource::Schema& schema,
                                                  std::string_view name,
                                                  const resource::Value::Map& declared) {
  std::vector<std::string> errors;
  if (const auto canonical = schema.canonical_name(name); !canonical.ok()) {
    errors.emplace_back(Message(canonical.status()));
    return errors;
  }
  resource::Normalize(schema, *schema.canonical_name(name), declared, &errors);
  return errors;
}

// The attributes of a declaration. Aborts when it is refused: tests of that use
// DeclarationErrors().
inline resource::Attributes DeclaredAttributes(const resource::Schema& schema,
                                               std::string_view name,
                                               const resource::Value::Map& declared) {
  std::vector<std::string> errors;
  const std::string canonical = schema.canonical_name(name).value();
  resource::Attributes attributes = resource::Normalize(schema, canonical, declared, &errors);
  if (!errors.empty()) {
    std::cerr << schema.type << ":" << name << ": " << errors.front() << "\n";
    std::abort();
  }
  return attributes;
}

// The resource of a declaration. Aborts when it is refused.
inline std::unique_ptr<resource::Resource> Declare(const resource::ResourceType& type,
                                                   std::string_view name,
                                                   const resource::Value::Map& declared = {}) {
  return type.make(type.schema->canonical_name(name).value(),
                   DeclaredAttributes(*type.schema, name, declared));
}

// Looks, applies what differs, and looks again, as the engine does. kInternal when it does not come
// to rest.
inline absl::Status BringAbout(const resource::Resource& resource, FakeHost& host) {
  const Deadline deadline = Deadline::Never();
  ASSIGN_OR_RETURN(const std::vector<resource::Difference> drift, resource.Inspect(host, deadline));
  if (drift.empty()) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(resource.Apply(drift, host, deadline));
  ASSIGN_OR_RETURN(const std::vector<resource::Difference> left, resource.Inspect(host, deadline));
  if (!left.empty()) {
    return Internal("does not come to rest: {} is {}, wanted is {}",
                    left.front().attribute,
                    left.front().current.Display(),
                    left.front().desired.Display());
  }
  return absl::OkStatus();
}

// The differences as "attribute: current -> desired", for one-line expectations.
inline std::vector<std::string> Differences(const resource::Resource& resource,
                                            const FakeHost& host) {
  const auto drift = resource.Inspect(host, Deadline::Never());
  if (!drift.ok()) {
    return {std::string(Message(drift.status()))};
  }
  std::vector<std::string> lines;
  for (const resource::Difference& one : *drift) {
    lines.push_back(
        fmt::format("{}: {} -> {}", one.attribute, one.current.Display(), one.desired.Display()));
  }
  return lines;
}

}  // namespace fettle::testing
