// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lib/resource/value.h"

namespace fettle::resource {

// The canonical bytes of a value, as they stand in those of a catalog: equal values, equal bytes,
// and others for others. With what is secret, in the clear.
std::string EncodeValue(const Value& value);

}  // namespace fettle::resource
