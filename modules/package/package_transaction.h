// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "lib/base/deadline.h"
#include "lib/resource/resource.h"
#include "lib/sys/host.h"

// How declared packages become requests of one transaction, and whose fault its failure is.
// Included by this folder only.
namespace fettle::modules {

// What one resource declares.
struct WantedPackage {
  enum class Rule { kAny, kExact, kMinimum, kLatest };

  std::string name;
  Rule rule = Rule::kAny;
  std::string version;  // For kExact and kMinimum.
  bool absent = false;  // Also when purged.
  bool purged = false;
  std::optional<bool> held;
  bool allow_downgrade = false;
  bool allow_held = false;
  bool recommends = false;
  std::string file;
  sys::TransactionOptions options;
};

// Whether `version`, which is installed, is what `wanted` asks for. Rule kLatest cannot be told
// without the candidate and counts as fulfilled.
bool Satisfies(const WantedPackage& wanted,
               std::string_view version,
               const sys::PackageReader& packages);

// One package with what its Inspect() listed.
struct PackageWork {
  const WantedPackage* wanted = nullptr;
  std::span<const resource::Difference> drift;
};

// Brings all of them about in as few transactions as their options allow (one, if nobody set any).
// Answers one status a member of `work`, in order. When a transaction fails because of some
// members, the others are still brought about.
std::vector<absl::Status> CommitPackages(std::span<const PackageWork> work,
                                         sys::Host& host,
                                         Deadline deadline);

}  // namespace fettle::modules
