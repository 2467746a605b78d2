// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"

// What the evidence log holds. A leaf is the bytes of one JSON object, written once and never made
// anew: fields in the order of their names, no white space, times in microseconds since 1970, bytes
// in base 64.
namespace fettle::evidence {

// What a person, a host or the server did, or was refused.
struct ActLeaf {
  absl::Time time;                          // The server's clock.
  std::string who;                          // "user/ann", "host/web1", "server".
  std::string act;                          // "publish", "channel set", "denied" …
  std::string detail;                       // For people.
  std::string host;                         // The host that it concerns, "" for none or several.
  std::map<std::string, std::string> data;  // For programs: what exactly, by name.
  bool operator==(const ActLeaf&) const = default;
};

// That reports of a host were stored: which, and what the host says for them.
struct ReportsLeaf {
  absl::Time time;  // The server's clock.
  std::string host;
  std::string epoch;
  uint64_t after = 0;     // These are all that the host kept of sequences above this one…
  uint64_t last = 0;      // …up to this.
  Digest digest;          // SHA-256 of the batch as the host sent it.
  std::string key;        // Of the host, 32 bytes of Ed25519; "" when it did not sign.
  std::string signature;  // 64 bytes, see statement.h; "" likewise.
  bool operator==(const ReportsLeaf&) const = default;
};

using Leaf = std::variant<ActLeaf, ReportsLeaf>;

// Text that is not UTF-8 is made so.
std::string EncodeLeaf(const Leaf& leaf);

// kInvalidArgument for anything that EncodeLeaf() does not write.
absl::StatusOr<Leaf> DecodeLeaf(std::string_view bytes);

absl::Time TimeOf(const Leaf& leaf);

// The host that it concerns, "" for none or several.
const std::string& HostOf(const Leaf& leaf);

// The act that says which key a host's reports are signed with; its data has kKeyField, base 64.
inline constexpr std::string_view kReportKeyAct = "report key";
inline constexpr std::string_view kKeyField = "key";

}  // namespace fettle::evidence
