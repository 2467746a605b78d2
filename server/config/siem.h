// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace fettle::server {

// How an event is written for what collects events (docs/siem.md).
enum class SiemFormat : uint8_t { kJson, kCef };

// "json", "cef".
std::string_view SiemFormatName(SiemFormat format);

// What may be told; docs/siem.md says what each is.
inline constexpr std::string_view kSiemKinds[] = {"act",
                                                  "denied",
                                                  "run",
                                                  "change",
                                                  "drift",
                                                  "correction",
                                                  "contended",
                                                  "reverted",
                                                  "failure",
                                                  "refusal",
                                                  "pause",
                                                  "silence",
                                                  "heard",
                                                  "unreadable"};

// One `[[siem]]` of the configuration: where events go, to a file or by syslog over TLS.
struct SiemOutlet {
  std::string name;  // Lower-case letters, digits and '-': a word in logs and metrics.
  SiemFormat format = SiemFormat::kJson;
  std::set<std::string, std::less<>> kinds{std::begin(kSiemKinds), std::end(kSiemKinds)};
  std::string file;                  // "" when it goes by syslog.
  uint64_t most_bytes = 1ULL << 30;  // Of the file, before it is moved to FILE.1; 0: without end.
  std::string address;               // "siem.example.org:6514"; "" when it goes to a file.
  std::string ca_file;               // PEM: the authorities that the receiver's may be of.
  std::string certificate_file;      // PEM: ours, with its chain; "" none.
  std::string key_file;              // Of that.
  absl::Duration timeout = absl::Seconds(10);   // Of one try.
  absl::Duration most_wait = absl::Minutes(5);  // Between tries, at most.
};

}  // namespace fettle::server
