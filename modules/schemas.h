// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "lib/resource/schema.h"

namespace fettle {

// Every resource type as data, sorted by name. Generated from the folders of modules/.
std::span<const resource::Schema* const> AllSchemas();

// The schema of `type`, null if there is none.
const resource::Schema* FindSchema(std::string_view type);

}  // namespace fettle
