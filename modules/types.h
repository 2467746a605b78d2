// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "lib/resource/resource.h"

namespace fettle {

// Every resource type with its code, sorted by name. Generated from the folders of modules/.
std::span<const resource::ResourceType* const> AllTypes();

// The resource type `type`, null if there is none.
const resource::ResourceType* FindType(std::string_view type);

}  // namespace fettle
