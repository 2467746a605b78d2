// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "agent/journal/disk.h"
#include "lib/base/deadline.h"

namespace fettle::journal {

// The right to run on this host: at most one holder, in whatever process. Held while the object
// lives; the kernel gives it back when the process dies, so it is never stale.
class RunLock {
 public:
  // Waits for it. `holder` is what others are told meanwhile ("fettle apply, run 01J…, pid 42").
  // `waiting`, if set, is called once, with the present holder's word, before it waits.
  // kUnavailable naming the holder when `deadline` passes first.
  static absl::StatusOr<RunLock> Take(const std::string& path,
                                      std::string_view holder,
                                      Deadline deadline,
                                      const std::function<void(const std::string&)>& waiting = {});

  RunLock() = default;  // Holds nothing.

 private:
  explicit RunLock(File file) : file_(std::move(file)) {}

  File file_;
};

}  // namespace fettle::journal
