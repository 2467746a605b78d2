// SPDX-License-Identifier: Apache-2.0
#include "lib/resource/check_groups.h"

#include <cstddef>

#include <fmt/format.h>

#include "lib/resource/describe.h"

namespace fettle::resource {
namespace {

std::string WhenChanged(const Declaration& declaration) {
  return declaration.schedule.empty() ? std::string("at any time")
                                      : fmt::format("at \"{}\"", declaration.schedule);
}

}  // namespace

void CheckGroups(const Catalog& catalog, std::vector<std::string>* errors) {
  struct Seen {
    const Declaration* first = nullptr;
    bool told = false;
  };

  std::vector<Seen> groups(catalog.groups.size());
  for (const Declaration& declaration : catalog.resources) {
    const auto group = static_cast<std::size_t>(declaration.group);  // -1 is beyond all.
    if (group >= groups.size() || !catalog.groups[group].rollback_on_failure) {
      continue;
    }
    Seen& seen = groups[group];
    if (seen.first == nullptr) {
      seen.first = &declaration;
    } else if (!seen.told && seen.first->schedule != declaration.schedule) {
      seen.told = true;
      errors->push_back(fmt::format(
          "group \"{}\" is put back as one when something fails, but {} is changed {}, and {} {}: "
          "give all of them the same schedule, or none",
          catalog.groups[group].name,
          Describe(*seen.first),
          WhenChanged(*seen.first),
          Describe(declaration),
          WhenChanged(declaration)));
    }
  }
}

}  // namespace fettle::resource
