// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "lib/resource/packages.h"
#include "lib/sys/files.h"
#include "lib/sys/host.h"
#include "lib/sys/processes.h"

namespace fettle::agent {

// What was installed when it was last looked at.
struct SeenPackages {
  resource::PackageSet packages;
  absl::Time changed;  // When the package database had last been written.
};

// As PackageLook keeps it. kNotFound: it has not looked yet; kDataLoss: damaged.
absl::StatusOr<SeenPackages> LoadPackages(const std::string& path);
absl::Status SavePackages(const std::string& path, const SeenPackages& seen);

// Finds out what changed of the installed packages. Between two looks it keeps them on disk, not in
// memory; while the package database's file stays as it is a look costs one stat. One thread;
// everything given outlives it.
class PackageLook {
 public:
  PackageLook(const sys::HostReader& host, const sys::ProcessReader& processes, std::string path)
      : host_(host), processes_(processes), path_(std::move(path)) {}

  // What changed since the last look; the first one ever tells the whole list. Nothing: nothing
  // did, or the host has no package database that can be read; then the next look tries again.
  // `run`: what changed was done by it; "" for others.
  std::optional<resource::PackageReport> Look(const std::string& run);

  // Of all that are installed; empty before the first look.
  const Digest& digest() const { return digest_; }

 private:
  absl::StatusOr<resource::PackageSet> Installed() const;
  void AddTransactions(resource::PackageReport* report) const;

  const sys::HostReader& host_;
  const sys::ProcessReader& processes_;
  const std::string path_;
  std::optional<sys::FileStat> database_;  // When it was last looked at.
  Digest digest_;
};

}  // namespace fettle::agent
