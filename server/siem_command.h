// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"

#include "server/config/config.h"

namespace fettle::server {

// `fettle-server siem test NAME`: sends one test event to a [[siem]] of the configuration, once,
// and prints that it was taken. kNotFound: there is none of this name.
absl::Status TestSiem(const Config& config, const std::string& name);

// `fettle-server siem list`: prints a line for each.
absl::Status ListSiem(const Config& config);

}  // namespace fettle::server
