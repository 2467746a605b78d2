// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

#include "absl/status/statusor.h"

#include "agent/undo/thing.h"
#include "lib/base/deadline.h"
#include "lib/sys/host.h"

namespace fettle::undo {

// How much of a tree is kept; what is larger can't be put back.
inline constexpr std::size_t kMostBelow = 5000;
inline constexpr uint64_t kLargestFile = 4 << 20;

// Called with the content of each regular file that is small enough to keep.
using KeepContent = std::function<absl::Status(const Digest& digest, std::string_view content)>;

// What `thing` is now. `keep` may be null: then contents are only hashed. kFailedPrecondition when
// it cannot be taken down (a tree too large).
absl::StatusOr<Parts> Look(const Thing& thing,
                           const sys::HostReader& host,
                           Deadline deadline,
                           const KeepContent& keep);

}  // namespace fettle::undo
