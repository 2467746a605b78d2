// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/resource/resource.h"
#include "lib/resource/schema.h"

namespace fettle::modules {

// Commands: run until what they make is there, or when something they depend on changed.
const resource::Schema& ExecSchema();
const resource::ResourceType& ExecType();

}  // namespace fettle::modules
