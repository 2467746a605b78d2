// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/config/notify.h"
#include "server/notify/sender.h"

namespace fettle::server::notify {

// How a delivery went.
struct Outcome {
  absl::Status status;   // Not OK: where, why, what to do. Without secrets.
  bool refused = false;  // The receiver understood, and wants none of just this.
  absl::Duration retry_after = absl::ZeroDuration();
};

// The one line of text in a file that everybody else must not be able to read; `setting` names it
// in messages. kFailedPrecondition with what to do.
absl::StatusOr<std::string> ReadSecret(const std::string& path, std::string_view setting);

// Posts the bodies to the hook's receiver, one after the other, until one is not taken. Reads the
// files that the hook names anew each time. Safe from any thread.
Outcome Deliver(const NotifyHook& hook,
                const std::vector<std::string>& bodies,
                const PostSender& sender,
                const std::atomic<bool>& cancelled);

// A body that says that it is a test, in the hook's format.
std::string TestBody(const NotifyHook& hook, const std::string& server, absl::Time now);

}  // namespace fettle::server::notify
