// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "absl/status/status.h"

#include "lib/base/deadline.h"

namespace fettle::sys {

// Who holds the lock (fcntl(2)) on the file `path`, for a message: "apt-get (pid 4711: apt-get -y
// upgrade)", the command cut short; "" when nobody does or there is no such file.
std::string LockHolder(const std::string& path);

// Waits until nobody holds any of the locks. kResourceExhausted naming the holder when one is still
// taken at `deadline`. Does not take them: the package manager does that itself, and waits again if
// another was quicker.
absl::Status AwaitLocks(std::span<const std::string> paths, Deadline deadline);

}  // namespace fettle::sys
