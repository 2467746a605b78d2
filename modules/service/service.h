// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/resource/resource.h"
#include "lib/resource/schema.h"

namespace fettle::modules {

// Services and other units of systemd: running, enabled and masked, each on its own. Refreshable.
const resource::Schema& ServiceSchema();
const resource::ResourceType& ServiceType();

}  // namespace fettle::modules
