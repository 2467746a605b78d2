// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lib/resource/value.h"

namespace fettle::agent {

// Facts as JSON, keys sorted: equal facts give equal text. Facts hold no secrets; one that did
// would be left out.
std::string FactsJson(const resource::Value::Map& facts);

}  // namespace fettle::agent
