// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/resource/resource.h"
#include "lib/resource/schema.h"

namespace fettle::modules {

// Something that must hold, looked at and never changed: an answer, a port, a command, a file.
const resource::Schema& CheckSchema();
const resource::ResourceType& CheckType();

}  // namespace fettle::modules
