// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace fettle::watch {

// A command line as it may be shown and sent: one line, at most some hundred bytes, with whatever
// looks like a secret replaced: the values of options and variables named like one, and passwords
// in addresses. Errs on the side of hiding.
std::string RedactedCommand(const std::vector<std::string>& arguments);

}  // namespace fettle::watch
