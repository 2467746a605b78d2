// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

#include "server/siem/event.h"
#include "server/store/evidence.h"

namespace fettle::server::siem {

// What a leaf of the evidence log tells of, in its order: an act, or all that is worth telling in a
// batch of a host's reports. The same leaf always gives the same events. What cannot be read is an
// event itself.
std::vector<Event> EventsOf(const LogLeaf& leaf);

// A host is not heard of any more (since `last_seen`), or is again.
Event SilenceEvent(const std::string& host, absl::Time last_seen, absl::Time now);
Event HeardEvent(const std::string& host, absl::Time last_seen, absl::Time now);

// Leaves [first, end) went with their month of history before they were sent.
Event GapEvent(uint64_t first, uint64_t end, absl::Time now);

// Says that it is a test.
Event TestEvent(absl::Time now);

}  // namespace fettle::server::siem
