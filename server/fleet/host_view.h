// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/base/clock.h"
#include "server/store/store.h"

namespace fettle::server {

enum class Presence : uint8_t { kNeverSeen, kConnected, kSilent, kRevoked };

// "never", "connected", "silent", "revoked": what filters and people say.
std::string_view PresenceName(Presence presence);

// A host as people see it.
struct HostView {
  HostRecord record;
  Presence presence = Presence::kNeverSeen;
  std::string assigned;  // "r42" of its channel; "" when that points nowhere.
};

// Silent is who was not heard of for three heartbeats.
Presence PresenceOf(const HostRecord& host, absl::Time now, absl::Duration heartbeat);

// Why a host would not take the revision it is assigned; "" if it did, or was not asked yet.
std::string RefusalOf(const HostView& host);

// All hosts that match a filter (lib/filter/filter.h, words as HostLanguage() has them), by name.
// kInvalidArgument for a bad filter. With a moment `at` their counts, open drift and revision are
// those of then (HostThen), filters see the facts of then, and hosts that were enrolled later are
// left out; the rest is as it is now.
absl::StatusOr<std::vector<HostView>> FindHosts(Store& store,
                                                std::string_view filter,
                                                absl::Time now,
                                                absl::Duration heartbeat,
                                                absl::Time at = absl::InfiniteFuture());

// kNotFound: no such host.
absl::StatusOr<HostView> FindHost(Store& store,
                                  const std::string& name,
                                  absl::Time now,
                                  absl::Duration heartbeat);

}  // namespace fettle::server
