// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "lib/digest/digest.h"

// What a host says of the packages that are installed on it.
namespace fettle::resource {

struct PackageVersion {
  std::string version;
  std::string architecture;
  bool operator==(const PackageVersion&) const = default;
};

// By name: "libc6"; "libc6:i386" where it is not of the host's own architecture.
using PackageSet = std::map<std::string, PackageVersion>;

// One digest over all of them, the same for agent and server.
Digest PackageDigest(const PackageSet& packages);

struct PackageEntry {
  std::string name;
  PackageVersion version;    // With version "" it is no longer installed.
  uint32_t transaction = 0;  // Which of PackageReport::transactions did it, from 1; 0: not known.
};

// All that are installed, or what changed since the report before.
struct PackageReport {
  bool whole = false;  // What is not named is not installed.
  std::vector<PackageEntry> entries;
  Digest digest;       // PackageDigest() of all that are installed after it.
  absl::Time changed;  // When the package database was last written, by the host's clock.
  std::string run;     // The run that did it; "" for somebody else.
  std::vector<std::string> transactions;  // What the package manager's log says of them.
};

// What changes `before` into `after`: by name, without digest, times and who did it.
PackageReport PackageChanges(const PackageSet& before, const PackageSet& after);

}  // namespace fettle::resource
