// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "lib/sys/host.h"
#include "lib/sys/package_foresight.h"
#include "lib/sys/planned_accounts.h"
#include "lib/sys/planned_files.h"
#include "lib/sys/planned_packages.h"
#include "lib/sys/planned_units.h"
#include "lib/sys/planned_world.h"

namespace fettle::sys {

// The host as it would be after planned steps: looks go to `base` with what was written laid over
// it in memory. A resource that is applied to it changes nothing; what it would do is noted, and
// whoever looks afterwards sees it done. Programs that would be run are noted as opaque and answer
// that all went well; probes run for real, on the host as it is. Looks may come from many threads
// while nobody writes; writers are used by one.
class PlannedHost final : public Host,
                          private KernelReader,
                          private KernelWriter,
                          private Prober,
                          private CommandRunner {
 public:
  // `foresight` may be null. Both outlive the planned host.
  PlannedHost(const HostReader& base, PackageForesight* foresight);

  PlannedWorld& world() { return world_; }

  const FileReader& files() const override { return files_; }

  const PackageReader& packages() const override { return packages_; }

  const UnitReader& units() const override { return units_; }

  const AccountReader& accounts() const override { return accounts_; }

  const KernelReader& kernel() const override { return *this; }

  const Prober& prober() const override { return *this; }

  const BlobReader& blobs() const override { return base_.blobs(); }

  void ForgetSnapshots() const override { base_.ForgetSnapshots(); }

  FileWriter& write_files() override { return files_; }

  PackageWriter& write_packages() override { return packages_; }

  UnitWriter& write_units() override { return units_; }

  AccountWriter& write_accounts() override { return accounts_; }

  KernelWriter& write_kernel() override { return *this; }

  CommandRunner& commands() override { return *this; }

 private:
  absl::StatusOr<std::string> Sysctl(const std::string& key) const override;
  absl::Status SetSysctl(const std::string& key, const std::string& value) override;
  absl::StatusOr<CommandResult> Probe(const Command& command, Deadline deadline) const override;
  absl::StatusOr<HttpAnswer> HttpGet(const std::string& url, Deadline deadline) const override;
  absl::Status TcpConnect(const std::string& host, uint16_t port, Deadline deadline) const override;
  absl::StatusOr<CommandResult> Run(const Command& command, Deadline deadline) override;

  const HostReader& base_;
  PlannedWorld world_;
  PlannedFiles files_;
  PlannedUnits units_;
  PlannedAccounts accounts_;
  PlannedPackages packages_;
  std::map<std::string, std::string> sysctls_;
};

}  // namespace fettle::sys
