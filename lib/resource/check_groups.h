// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lib/resource/catalog.h"

namespace fettle::resource {

// Adds an error for every group with rollback whose members may be changed at different times: it
// would be brought about in part.
void CheckGroups(const Catalog& catalog, std::vector<std::string>* errors);

}  // namespace fettle::resource
