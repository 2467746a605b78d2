// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"

#include "server/config/config.h"

namespace fettle::server {

// Posts one test message to the receiver that the configuration calls `name`, once, and says on
// standard output that it was taken. kNotFound: there is no such [[notify]]; kInvalidArgument: its
// filter cannot be read; anything else: it was not taken, and why.
absl::Status TestNotify(const Config& config, const std::string& name);

// Lists the receivers on standard output, a line each, without secrets.
absl::Status ListNotify(const Config& config);

}  // namespace fettle::server
