// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

// What somebody outside may want to be told of the fleet, as plain values. Included by
// server/notify and the metrics.
namespace fettle::server::notify {

enum class Kind : uint8_t { kDrift, kFailure, kSilence, kContended, kReverted, kExpiring, kTest };

// "drift", "failure", "silence", "contended", "reverted", "expiring", "test".
std::string_view KindName(Kind kind);
std::optional<Kind> KindOf(std::string_view name);

enum class Severity : uint8_t { kWarning, kCritical };

// "warning", "critical".
std::string_view SeverityName(Severity severity);

// What a notice is about: two with the same key are the same thing.
struct Key {
  Kind kind = Kind::kDrift;
  std::string host;     // "": the server, or the fleet.
  std::string subject;  // A resource's id, "run", "revision r7", "certificate", "waiver CIS-1 (…)".
                        // "": the host itself.
  // NOLINTNEXTLINE(modernize-use-nullptr): there is no pointer, but a 0 that <=> compares with.
  auto operator<=>(const Key&) const = default;
};

// Something that is so, or was and is over.
struct Notice {
  Key key;
  Severity severity = Severity::kWarning;
  std::string detail;  // For people, one line; "" when there is no more to say.
  std::string by;      // Who did it, as DescribeActor() says; "" when nobody knows.
  absl::Time since;
  absl::Time over = absl::InfiniteFuture();  // InfiniteFuture: it lasts.
};

// By key: what lasts.
using Standing = std::map<Key, Notice>;

}  // namespace fettle::server::notify
