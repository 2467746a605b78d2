// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/resource/resource.h"
#include "lib/resource/schema.h"

namespace fettle::modules {

// Symbolic and hard links, or that there is none.
const resource::Schema& LinkSchema();
const resource::ResourceType& LinkType();

}  // namespace fettle::modules
