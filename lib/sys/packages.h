// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/base/deadline.h"

namespace fettle::sys {

enum class PackagePresence : uint8_t {
  kAbsent,
  kConfigFiles,  // Removed, its configuration files remain.
  kInstalled,
  kBroken,  // Half-installed, unpacked, half-configured, or waiting for triggers.
};

struct PackageState {
  PackagePresence presence = PackagePresence::kAbsent;
  std::string version;       // "" when absent.
  std::string architecture;  // "amd64", "all".
  bool held = false;
  std::string broken_as;  // dpkg's word ("half-configured") when presence is kBroken.
};

// Looks at the package database. All answers of one pass come from one snapshot (see
// HostReader::packages()).
class PackageReader {
 public:
  virtual ~PackageReader() = default;

  // `name` may carry an architecture ("libc6:i386"); without one, the native or "all". Never
  // kNotFound: an unknown package is kAbsent. A virtual package is installed if an installed
  // package provides it (version "" then).
  virtual absl::StatusOr<PackageState> Package(const std::string& name) const = 0;

  // The version the package manager would install now ("" when none is available), by its own
  // policy and pins.
  virtual absl::StatusOr<std::string> Candidate(const std::string& name,
                                                Deadline deadline) const = 0;

  // All versions that could be installed now, newest first.
  virtual absl::StatusOr<std::vector<std::string>> AvailableVersions(const std::string& name,
                                                                     Deadline deadline) const = 0;

  // Names of packages that a killed run or user left half-done, sorted.
  virtual absl::StatusOr<std::vector<std::string>> Broken() const = 0;

  // -1, 0, 1 by Debian's version order (epochs, tildes).
  virtual int CompareVersions(std::string_view a, std::string_view b) const = 0;
};

enum class PackageAction : uint8_t { kInstall, kRemove, kPurge, kHold, kUnhold };

struct PackageRequest {
  std::string name;  // As in Package().
  PackageAction action = PackageAction::kInstall;
  std::string version;  // "" for the candidate.
  bool allow_downgrade = false;
  bool allow_held = false;  // Change it although it is held.
  bool recommends = false;  // Install what it recommends as well.
  std::string local_file;  // Absolute path of a .deb to install instead of asking the repositories;
                           // "" for none.
};

struct TransactionOptions {
  absl::Duration lock_wait = absl::Minutes(5);
  // Packages that the solver may remove although nobody declared it absent; anything else makes it
  // refuse, naming them.
  std::vector<std::string> may_remove;
  // Keep ours (the file on disk) or take the package's version of a changed configuration file.
  // Never asks.
  bool take_new_conffiles = false;
  // Refresh the lists first when they are older than this (or a source changed since).
  // InfiniteDuration: never.
  absl::Duration refresh_older_than = absl::Hours(24);
  bool repair_broken_first =
      false;  // `dpkg --configure -a` as a step of its own before the transaction.
  std::vector<std::string>
      extra_options;  // Further options for apt-get, each one argument ("-t", "…").
};

class PackageWriter {
 public:
  virtual ~PackageWriter() = default;

  // All requests in one transaction of the package manager, without prompts, standard input closed,
  // and with a policy that lets no package start its services (they are started by the service
  // resources, after their configuration). Waits for the package manager's lock up to `lock_wait`:
  // kResourceExhausted naming the holder when it stays taken. kFailedPrecondition: cannot be
  // solved, would remove undeclared packages, database broken (says how to repair). Once the
  // package manager has begun it is never killed: the deadline bounds only the waiting before.
  virtual absl::Status Commit(std::span<const PackageRequest> requests,
                              const TransactionOptions& options,
                              Deadline deadline) = 0;
};

}  // namespace fettle::sys
