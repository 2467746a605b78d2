// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/resource/resource.h"
#include "lib/resource/schema.h"

namespace fettle::modules {

// Kernel settings: the live value and the one that comes back after a boot.
const resource::Schema& SysctlSchema();
const resource::ResourceType& SysctlType();

}  // namespace fettle::modules
