// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/resource/resource.h"
#include "lib/resource/schema.h"

namespace fettle::modules {

// A boot when the host wants one, and never twice for the same reason.
const resource::Schema& RebootSchema();
const resource::ResourceType& RebootType();

}  // namespace fettle::modules
