// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/resource/resource.h"
#include "lib/resource/schema.h"

namespace fettle::modules {

// Regular files: content, owner and mode, or that there is none.
const resource::Schema& FileSchema();
const resource::ResourceType& FileType();

}  // namespace fettle::modules
