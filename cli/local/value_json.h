// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "lib/resource/value.h"

namespace fettle::cli {

// A value as JSON; secrets as "(secret)", what is absent as null.
nlohmann::ordered_json ValueJson(const resource::Value& value);

}  // namespace fettle::cli
