// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lib/resource/catalog.h"
#include "lib/resource/schema.h"

namespace fettle::resource {

// Adds an error for every membership that one resource declares and another one takes away: what a
// footprint provides says "member:G:U" (U is in group G), "members-of:G" (and nobody else is),
// "groups-of:U" (and it is in no other) and "primary:G:U" (G is U's own, which is no membership).
void CheckMembers(const Catalog& catalog,
                  const std::vector<Footprint>& footprints,
                  std::vector<std::string>* errors);

}  // namespace fettle::resource
