// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/resource/resource.h"
#include "lib/resource/schema.h"

namespace fettle::modules {

// Packages of the distribution: presence, version and hold. All of a run in one transaction.
const resource::Schema& PackageSchema();
const resource::ResourceType& PackageType();

}  // namespace fettle::modules
