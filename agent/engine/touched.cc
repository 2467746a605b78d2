// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/touched.h"

#include <algorithm>

namespace fettle::engine {
namespace {

constexpr std::string_view kPath = "path:";
constexpr std::string_view kContent = "content:";

// A package brings files, users and units; a step like exec can do anything.
bool CanTouchAnything(const Item& item, const resource::Footprint& footprint) {
  return item.type->schema->opaque ||
         std::any_of(footprint.owns.begin(), footprint.owns.end(), [](const std::string& thing) {
           return thing.starts_with("package:");
         });
}

}  // namespace

void Touched::Add(std::size_t index) {
  const resource::Footprint& footprint = prepared_.footprints()[index];
  any_ = true;
  everything_ = everything_ || CanTouchAnything(prepared_.items()[index], footprint);
  for (const std::size_t successor : prepared_.order().successors[index]) {
    successor_changed_[successor] = true;
  }
  things_.insert(footprint.owns.begin(), footprint.owns.end());
  things_.insert(footprint.provides.begin(), footprint.provides.end());
  // Who owns a line edits the content that it needs: others who look into that file look again.
  for (const std::string& thing : footprint.needs) {
    if (thing.starts_with(kContent)) {
      things_.insert(thing);
    }
  }
}

bool Touched::Concerns(std::size_t index) const {
  if (!any_ || everything_ || successor_changed_[index]) {
    return any_;
  }
  const resource::Footprint& footprint = prepared_.footprints()[index];
  const auto hit = [this](const std::string& thing) { return Hit(thing); };
  return std::any_of(footprint.owns.begin(), footprint.owns.end(), hit) ||
         std::any_of(footprint.needs.begin(), footprint.needs.end(), hit);
}

// `thing` itself, or for a path any directory above it.
bool Touched::Hit(std::string_view thing) const {
  while (true) {
    if (things_.contains(absl::string_view(thing.data(), thing.size()))) {
      return true;
    }
    const std::size_t slash = thing.rfind('/');
    if (!thing.starts_with(kPath) || slash == std::string_view::npos || slash <= kPath.size()) {
      return false;
    }
    thing = thing.substr(0, slash);
  }
}

}  // namespace fettle::engine
