// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/sys/accounts.h"
#include "lib/sys/package_list.h"
#include "lib/sys/packages.h"
#include "lib/sys/units.h"
#include "tests/support/fake_accounts.h"
#include "tests/support/fake_calls.h"
#include "tests/support/fake_files.h"
#include "tests/support/fake_units.h"

namespace fettle::testing {

// A package that the fake repositories have.
struct FakePackage {
  std::string name = {};
  std::vector<std::string> versions = {"1.0-1"};  // Newest first; the first is the candidate.
  std::string architecture = "amd64";
  std::vector<std::string> depends = {};     // Names (real or provided).
  std::vector<std::string> recommends = {};  // Installed only on demand.
  std::vector<std::string> provides = {};
  std::vector<std::string> conflicts = {};            // Removed by installing this one.
  std::map<std::string, std::string> files = {};      // Path → content; go with removal.
  std::map<std::string, std::string> conffiles = {};  // Path → content; go with purge.
  std::vector<std::string> units = {};                // "nginx.service": enabled, not started.
  std::vector<sys::User> users = {};                  // Made by its postinst, with groups alike.
};

// One Commit() that the code under test asked for.
struct FakeTransaction {
  std::vector<sys::PackageRequest> requests;
  sys::TransactionOptions options;
};

// The package database and repositories of a FakeHost.
class FakePackages final : public sys::PackageReader,
                           public sys::PackageWriter,
                           public sys::PackageLister {
 public:
  FakePackages(FakeCalls& calls, FakeFiles& files, FakeUnits& units, FakeAccounts& accounts);

  // --- For tests: neither counted nor logged ---

  // Makes `package` available; the same name again replaces it (new versions).
  void AddAvailable(FakePackage package);
  // A .deb on the disk of the host (PutFile it as well) which holds `package` at its first version.
  void AddLocal(const std::string& path, FakePackage package);
  // What an administrator's `apt-get install name=version` does; the package must be available.
  // "": its candidate.
  void Install(const std::string& name, const std::string& version = "");
  void Remove(const std::string& name, bool purge = false);
  void SetHeld(const std::string& name, bool held);
  // Leaves it half-done: `as` is dpkg's word ("half-configured").
  void Break(const std::string& name, const std::string& as);

  // Somebody holds the package manager's lock; "" frees it.
  void SetLockHolder(std::string holder) { lock_holder_ = std::move(holder); }

  const std::vector<FakeTransaction>& transactions() const { return transactions_; }

  // PackageReader
  absl::StatusOr<sys::PackageState> Package(const std::string& name) const override;
  absl::StatusOr<std::string> Candidate(const std::string& name, Deadline deadline) const override;
  absl::StatusOr<std::vector<std::string>> AvailableVersions(const std::string& name,
                                                             Deadline deadline) const override;
  absl::StatusOr<std::vector<std::string>> Broken() const override;
  absl::StatusOr<std::map<std::string, sys::PackageState>> InstalledPackages() const override;
  int CompareVersions(std::string_view a, std::string_view b) const override;

  // PackageWriter
  absl::Status Commit(std::span<const sys::PackageRequest> requests,
                      const sys::TransactionOptions& options,
                      Deadline deadline) override;

 private:
  struct Choice {
    const FakePackage* package = nullptr;
    std::string version;
  };

  // What a transaction will do, worked out before anything is done.
  struct Solution {
    std::map<std::string, Choice> install;  // By name.
    std::map<std::string, bool> remove;     // Name → purge.
    std::map<std::string, bool> hold;
  };

  const FakePackage* FindAvailable(const std::string& name) const;
  sys::PackageState StateOf(const std::string& name) const;
  bool Installed(const std::string& name) const;
  absl::Status CheckUnbroken(bool repair);
  absl::Status SolveInstall(const sys::PackageRequest& request, Solution* solution);
  absl::Status AddDependencies(const FakePackage& package, bool recommends, Solution* solution);
  absl::Status SolveRemovals(const sys::TransactionOptions& options, Solution* solution) const;
  void Perform(const Solution& solution, bool take_new_conffiles);
  void Unpack(const FakePackage& package, const std::string& version, bool take_new_conffiles);
  void Drop(const std::string& name, bool purge);

  FakeCalls& calls_;
  FakeFiles& files_;
  FakeUnits& units_;
  FakeAccounts& accounts_;
  std::map<std::string, FakePackage> available_;
  std::map<std::string, FakePackage> local_;    // By path.
  std::map<std::string, FakePackage> shipped_;  // As it was when unpacked.
  std::map<std::string, sys::PackageState> installed_;
  std::string lock_holder_;
  std::vector<FakeTransaction> transactions_;
};

}  // namespace fettle::testing
