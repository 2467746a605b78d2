// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"

#include "server/config/config.h"

namespace fettle::server {

// `fettle-server report test NAME`: writes a [[report]] of the configuration from what is stored
// now, sends it once, and prints that it was taken. The schedule goes on as if nothing had been
// sent. kNotFound: there is none of this name.
absl::Status TestReport(const Config& config, const std::string& name);

// `fettle-server report list`: prints a line for each.
absl::Status ListReports(const Config& config);

}  // namespace fettle::server
