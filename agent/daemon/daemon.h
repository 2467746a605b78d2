// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace fettle::agent {

// The agent of this host, from its settings in `config_file`, until it is asked to stop. Must be
// root. An error means that it could not begin, and what to do.
absl::Status RunDaemon(const std::string& config_file);

// `fettle-agent status`, `apply`, `pause`, `resume`: asks the agent that runs here, prints the
// answer. The exit code.
int RunControl(const std::vector<std::string>& words);

}  // namespace fettle::agent
