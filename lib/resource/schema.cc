// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/schema.h"

namespace fettle::resource {

const AttributeSchema* Schema::Find(std::string_view attribute) const {
  for (const AttributeSchema& known : attributes) {
    if (known.name == attribute) {
      return &known;
    }
  }
  return nullptr;
}

std::vector<std::string_view> Schema::AttributeNames() const {
  std::vector<std::string_view> names;
  names.reserve(attributes.size());
  for (const AttributeSchema& known : attributes) {
    names.push_back(known.name);
  }
  return names;
}

}  // namespace fettle::resource
