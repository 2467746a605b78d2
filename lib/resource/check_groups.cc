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
    if (declaration.group < 0 ||
        !catalog.groups[static_cast<std::size_t>(declaration.group)].rollback_on_failure) {
      continue;
    }
    Seen& seen = groups[static_cast<std::size_t>(declaration.group)];
    if (seen.first == nullptr) {
      seen.first = &declaration;
    } else if (!seen.told && seen.first->schedule != declaration.schedule) {
      seen.told = true;
      errors->push_back(fmt::format(
          "group \"{}\" is put back as one when something fails, but {} is changed {}, and {} {}: "
          "give all of them the same schedule, or none",
          catalog.groups[static_cast<std::size_t>(declaration.group)].name,
          Describe(*seen.first),
          WhenChanged(*seen.first),
          Describe(declaration),
          WhenChanged(declaration)));
    }
  }
}

}  // namespace fettle::resource
