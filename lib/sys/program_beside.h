// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fettle::sys {

// The path of the program `name` that lies in the same directory as the one that is running, also
// when that has been replaced by an upgrade since. Whether it is there is not looked at.
absl::StatusOr<std::string> ProgramBeside(std::string_view name);

}  // namespace fettle::sys
