// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"

#include "lib/base/deadline.h"

// Bridges and their ports on the machine, by iproute2's `ip`.
namespace fettle::lab {

// Makes the bridge of lab `number` with the lab's gateway address and brings it up. OK when it
// exists already.
absl::Status MakeBridge(int number, Deadline deadline);

// Removes an interface; OK when there is none of that name.
absl::Status RemoveInterface(const std::string& name, Deadline deadline);

// Plugs the cable of a bridge port in or out; the host behind it sees its carrier come and go.
absl::Status SetPort(const std::string& port, bool up, Deadline deadline);

// Waits until an interface is the port of a bridge.
absl::Status WaitForPort(const std::string& port, Deadline deadline);

}  // namespace fettle::lab
