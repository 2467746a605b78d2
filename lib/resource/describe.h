// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lib/resource/catalog.h"

namespace fettle::resource {

// "file:/etc/motd at recipes/web/init.lua:7", for messages about a catalog; the id alone when the
// place is not known.
std::string Describe(const Declaration& declaration);

}  // namespace fettle::resource
