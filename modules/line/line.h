// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/resource/resource.h"
#include "lib/resource/schema.h"

namespace fettle::modules {

// One line, or one marked block, in a file that others write as well.
const resource::Schema& LineSchema();
const resource::ResourceType& LineType();

}  // namespace fettle::modules
