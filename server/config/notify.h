// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace fettle::server {

// How a receiver of notifications wants to be told.
enum class NotifyFormat : uint8_t { kGeneric, kSlack, kAlertmanager };

// "generic", "slack", "alertmanager".
std::string_view NotifyFormatName(NotifyFormat format);

// Whether what is sent to this address can be read on its way: plain http, and not to this machine.
bool CanBeReadOnItsWay(std::string_view url);

// What a receiver may be told of; docs/notifications.md says what each is.
inline constexpr std::string_view kNotifyKinds[] = {
    "drift", "failure", "silence", "contended", "reverted", "expiring", "recovery"};

// One `[[notify]]` of the configuration: a receiver of notifications.
struct NotifyHook {
  std::string name;      // Lower-case letters, digits and '-': a word in logs and metrics.
  std::string url;       // "" when it stands in url_file.
  std::string url_file;  // For addresses that are secrets themselves.
  NotifyFormat format = NotifyFormat::kGeneric;
  std::set<std::string, std::less<>> kinds{std::begin(kNotifyKinds), std::end(kNotifyKinds)};
  std::string filter;                          // "" for everything.
  absl::Duration wait = absl::Seconds(5);      // What comes within it is said together.
  absl::Duration interval = absl::Minutes(1);  // At least this between messages; Alertmanager: 5 s.
  absl::Duration repeat = absl::Minutes(1);    // Alertmanager is told again what still is so.
  absl::Duration timeout = absl::Seconds(10);  // Of one try.
  absl::Duration most_wait = absl::Minutes(5);  // Between tries, at most.
  std::string token_file;                       // Sent as "Authorization: Bearer …".
  std::string header_file;                      // One whole header, "Name: value".
  std::string ca_file;                          // PEM; "": the authorities of this machine.
};

}  // namespace fettle::server
