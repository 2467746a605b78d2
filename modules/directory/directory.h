// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/resource/resource.h"
#include "lib/resource/schema.h"

namespace fettle::modules {

// Directories: owner and mode, also of what is below, and what may not be in them.
const resource::Schema& DirectorySchema();
const resource::ResourceType& DirectoryType();

}  // namespace fettle::modules
