// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/sys/package_foresight.h"
#include "lib/sys/packages.h"
#include "lib/sys/planned_accounts.h"
#include "lib/sys/planned_files.h"
#include "lib/sys/planned_world.h"

namespace fettle::sys {

// Packages as they would be after the planned steps, and what they would bring.
class PlannedPackages final : public PackageReader, public PackageWriter {
 public:
  // `foresight` may be null: then nothing but the requests themselves is foreseen.
  PlannedPackages(const PackageReader& base,
                  PackageForesight* foresight,
                  PlannedFiles& files,
                  PlannedAccounts& accounts,
                  PlannedWorld& world)
      : base_(base), foresight_(foresight), files_(files), accounts_(accounts), world_(world) {}

  absl::StatusOr<PackageState> Package(const std::string& name) const override;
  absl::StatusOr<std::string> Candidate(const std::string& name, Deadline deadline) const override;
  absl::StatusOr<std::vector<std::string>> AvailableVersions(const std::string& name,
                                                             Deadline deadline) const override;
  absl::StatusOr<std::vector<std::string>> Broken() const override;
  int CompareVersions(std::string_view a, std::string_view b) const override;

  absl::Status Commit(std::span<const PackageRequest> requests,
                      const TransactionOptions& options,
                      Deadline deadline) override;

 private:
  absl::Status Repair(const TransactionOptions& options);
  absl::StatusOr<std::vector<ForeseenPackage>> StepsOf(std::span<const PackageRequest> requests,
                                                       const TransactionOptions& options,
                                                       Deadline deadline);
  void Take(ForeseenPackage package, Deadline deadline);
  void TakeContents(const ForeseenPackage& package);
  void Mark(std::span<const PackageRequest> requests);

  const PackageReader& base_;
  PackageForesight* const foresight_;
  PlannedFiles& files_;
  PlannedAccounts& accounts_;
  PlannedWorld& world_;
  std::map<std::string, PackageState> packages_;
  bool repaired_ = false;
};

}  // namespace fettle::sys
