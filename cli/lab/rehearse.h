// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "cli/lab/layer_changes.h"

// Rehearsal: a policy tree is applied for real to a throwaway clone of this very machine, and what
// that changed is read off the clone's upper layer. The machine itself is not touched.
namespace fettle::lab {

struct RehearsalOptions {
  std::string tree;     // Absolute path of the policy tree.
  std::string program;  // Absolute path of the `fettle` to run in the clone.
  std::string host;     // Whom the tree is evaluated for.
  std::vector<std::string> labels;
  bool host_network = false;
  uint64_t memory_bytes = uint64_t{1} << 30;
  int cpu_percent = 100;
  absl::Duration timeout = absl::Minutes(15);  // Of each of the two runs.
};

struct Rehearsal {
  int first_exit = 0;        // Of the apply.
  int second_exit = 0;       // Of the one after it: 0 when all is at rest.
  std::string first_report;  // JSON, as `fettle apply -o json` prints it; "" without one.
  std::string second_report;
  std::string errors;  // What the two runs said on standard error.
  std::vector<FileChange> files;
  std::size_t bookkeeping = 0;        // Changed files of logs, caches and the package database.
  std::vector<std::string> packages;  // "install nginx 1.22", "remove x 1.0", "upgrade …".
  std::vector<std::string> users;     // "added alice", "removed bob", "changed carol".
  std::vector<std::string> groups;    // Likewise.
  std::vector<std::string> units;     // "started nginx.service", "stopped x.service".
  std::vector<std::string> failed_units;

  bool quiet() const { return second_exit == 0; }
};

// Makes the clone as lab `lab`, rehearses, and leaves the clone for Lab::Down(). Calls fork, for
// programs with one thread; root only. A tree that cannot be applied is a result, not an error.
absl::StatusOr<Rehearsal> Rehearse(const std::string& lab, const RehearsalOptions& options);

// What differs between the texts of two account files, by name.
std::vector<std::string> AccountChanges(std::string_view before, std::string_view after);

// What differs between two texts of dpkg's database.
std::vector<std::string> PackageChanges(std::string_view before, std::string_view after);

}  // namespace fettle::lab
