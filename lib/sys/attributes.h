// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"

namespace fettle::sys {

// Gives the file open at `to` the extended attributes of the one open at `from`: access lists, the
// SELinux label, user attributes. Left out: security.capability, security.ima and security.evm,
// which vouch for the old content, and the overlay file system's own. `path` is for messages.
absl::Status CopyExtendedAttributes(int from, int to, const std::string& path);

// Gives a new file the label that the SELinux policy has for `path`; nothing without SELinux. The
// library is loaded only on hosts that have it switched on.
absl::Status LabelNewFile(int fd, const std::string& path);

}  // namespace fettle::sys
