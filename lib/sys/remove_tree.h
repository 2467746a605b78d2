// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/status/status.h"

#include "lib/base/deadline.h"
#include "lib/sys/place.h"

namespace fettle::sys {

// As FileWriter::RemoveTree(). Counts first, then removes; both walk by descriptors, so nothing
// outside the tree can be reached by someone who swaps a directory for a link meanwhile.
absl::Status RemoveTreeAt(const Place& place, uint64_t max_entries, Deadline deadline);

// The message of a removal of `place` that failed with errno value `error`.
absl::Status RemovalError(int error, const Place& place);

}  // namespace fettle::sys
