// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/resource/resource.h"
#include "lib/resource/schema.h"

namespace fettle::modules {

// Local user accounts. Directory services are neither asked nor changed.
const resource::Schema& UserSchema();
const resource::ResourceType& UserType();

}  // namespace fettle::modules
