// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/resource/resource.h"
#include "lib/resource/schema.h"

namespace fettle::modules {

// Local groups. Directory services are neither asked nor changed.
const resource::Schema& GroupSchema();
const resource::ResourceType& GroupType();

}  // namespace fettle::modules
