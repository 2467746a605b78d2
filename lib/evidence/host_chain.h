// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"

#include "lib/evidence/leaf.h"

namespace fettle::evidence {

// What follows from the leaves of hosts, one after the other in their order: that a host's reports
// are signed with the key that the log has for it, and that none between two others is missing. One
// thread at a time.
class HostChains {
 public:
  // Learns keys. kPermissionDenied when a key is damaged.
  absl::Status Add(const ActLeaf& leaf);

  // kPermissionDenied when the signature is not good, not of the host's present key, or missing
  // although the host has one, and when reports between the last leaf of the same host and epoch
  // and this one are missing.
  absl::Status Add(const ReportsLeaf& leaf);

  // 32 bytes, by host.
  const std::map<std::string, std::string>& keys() const { return keys_; }

 private:
  std::map<std::string, std::string> keys_;
  std::map<std::pair<std::string, std::string>, uint64_t> covered_;  // By host and epoch.
};

}  // namespace fettle::evidence
