// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "lib/sys/dpkg_status.h"
#include "lib/sys/packages.h"

// The decisions of a package transaction as pure functions: which command lines, what a simulation
// of them says, whether that may be done. apt_commit.cc runs them.
namespace fettle::sys {

// One step that apt says it would take.
struct AptStep {
  enum class Kind : uint8_t { kInstall, kRemove };

  Kind kind = Kind::kInstall;
  std::string name;         // With ":arch" where it is foreign.
  std::string old_version;  // "" when it is newly installed.
  std::string new_version;  // "" when it is removed.
};

// The steps in the output of `apt-get --simulate`, in order.
std::vector<AptStep> ParseAptSimulation(std::string_view output);

// kInvalidArgument for names, versions, file names and further options that could be taken for
// something else, and for two requests about one package that contradict each other.
absl::Status CheckRequests(std::span<const PackageRequest> requests,
                           const TransactionOptions& options);

// kFailedPrecondition unless all steps may be taken: every removal is requested or in may_remove,
// no essential package goes, every downgrade and every change of a held package is allowed by its
// own request. Names all that stand in the way.
absl::Status CheckSteps(const std::vector<AptStep>& steps,
                        std::span<const PackageRequest> requests,
                        const TransactionOptions& options,
                        const DpkgStatus& status);

// How apt-get is to be called.
struct AptCall {
  bool simulate = false;
  bool purge = false;      // What is removed is purged.
  bool no_remove = false;  // The simulation removes nothing: apt shall refuse if it came to do so.
  int lock_seconds = 0;    // How long apt itself waits for the lock.
};

// "apt-get install": installs what is to be installed and removes what is to be removed or purged
// ("name-"), so that one replaces the other in one step. Empty when there is neither. Recommended
// packages are a switch of the whole call: it is on when any request asks for it. apt-get can purge
// or remove in one call, not both: packages to be purged that are left with their configuration get
// a second call (PurgeArgv).
std::vector<std::string> InstallArgv(std::span<const PackageRequest> requests,
                                     const TransactionOptions& options,
                                     const AptCall& call);

std::vector<std::string> PurgeArgv(const std::vector<std::string>& names,
                                   const TransactionOptions& options,
                                   const AptCall& call);

// "apt-mark hold" or "unhold"; empty when no request has that action.
std::vector<std::string> MarkArgv(std::span<const PackageRequest> requests, PackageAction action);

// `dpkg --configure -a` with the same answers to questions about configuration files.
std::vector<std::string> RepairArgv(const TransactionOptions& options);

// What keeps every tool that takes part from asking questions, showing news and restarting
// services.
std::map<std::string, std::string> AptEnvironment(const TransactionOptions& options);

// What a failed call of `program` means: kResourceExhausted when a lock was taken, kUnavailable
// when a repository could not be reached, kFailedPrecondition else, with the errors it printed.
absl::Status AptFailure(std::string_view program, int exit_code, std::string_view output);

}  // namespace fettle::sys
