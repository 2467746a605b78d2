// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "lib/sys/apt_policy.h"
#include "lib/sys/apt_transaction.h"
#include "lib/sys/dpkg_status.h"
#include "lib/sys/files.h"
#include "lib/sys/package_list.h"
#include "lib/sys/packages.h"

namespace fettle::sys {

// Packages of a Debian machine: looks read dpkg's database themselves, once a pass, and ask
// apt-cache for what could be installed; changes go through apt-get (apt_commit.cc). Safe from many
// threads.
class LinuxPackages final : public PackageReader, public PackageWriter, public PackageLister {
 public:
  struct Hooks {
    std::function<void()> changed;                           // After every transaction.
    std::function<std::vector<std::string>()> active_units;  // Those that may be restarted.
  };

  LinuxPackages(std::string root, Hooks hooks) : root_(std::move(root)), hooks_(std::move(hooks)) {}

  // The next look checks whether the database has changed, and reads it anew if it has.
  void Forget() const;

  absl::StatusOr<PackageState> Package(const std::string& name) const override;
  absl::StatusOr<std::string> Candidate(const std::string& name, Deadline deadline) const override;
  absl::StatusOr<std::vector<std::string>> AvailableVersions(const std::string& name,
                                                             Deadline deadline) const override;
  absl::StatusOr<std::vector<std::string>> Broken() const override;
  absl::StatusOr<std::map<std::string, PackageState>> InstalledPackages() const override;
  int CompareVersions(std::string_view a, std::string_view b) const override;

  absl::Status Commit(std::span<const PackageRequest> requests,
                      const TransactionOptions& options,
                      Deadline deadline) override;

 private:
  absl::StatusOr<std::shared_ptr<const DpkgStatus>> Status() const;
  absl::StatusOr<std::shared_ptr<const DpkgStatus>> ReadStatus() const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<AptPolicy> Policy(const std::string& full_name, Deadline deadline) const;

  // Commit()'s parts: `dpkg --configure -a` where it is needed and asked for; the transaction
  // itself.
  absl::Status RepairIfAsked(const TransactionOptions& options);
  absl::Status RunTransaction(std::span<const PackageRequest> requests,
                              const TransactionOptions& options,
                              const std::vector<AptStep>& steps);
  std::map<std::string, std::string> TransactionEnvironment(
      const TransactionOptions& options) const;

  const std::string root_;
  const Hooks hooks_;
  absl::Mutex commit_mutex_;  // One transaction at a time; guards nothing in memory.
  mutable absl::Mutex mutex_;
  mutable bool fresh_ ABSL_GUARDED_BY(mutex_) = false;
  // Of the status file and the updates directory, when `status_` was read.
  mutable std::pair<FileStat, FileStat> seen_ ABSL_GUARDED_BY(mutex_);
  // Shared with those who are reading it while a newer one takes its place.
  mutable std::shared_ptr<const DpkgStatus> status_ ABSL_GUARDED_BY(mutex_);

  mutable absl::Mutex policy_mutex_;
  mutable std::map<std::string, AptPolicy> policies_ ABSL_GUARDED_BY(policy_mutex_);
  // State of everything that apt's answers depend on, when they were asked for.
  mutable std::vector<FileStat> policy_seen_ ABSL_GUARDED_BY(policy_mutex_);
  mutable bool policy_fresh_ ABSL_GUARDED_BY(policy_mutex_) = false;
  mutable int policy_misses_ ABSL_GUARDED_BY(policy_mutex_) = 0;
};

// Whether `name` is a package name, perhaps with an architecture. kInvalidArgument says why not.
absl::Status CheckPackageName(std::string_view name);

}  // namespace fettle::sys
