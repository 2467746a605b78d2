// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/linux_host.h"

#include <utility>

#include "lib/base/status_macros.h"
#include "lib/sys/linux_accounts.h"
#include "lib/sys/linux_commands.h"
#include "lib/sys/linux_files.h"
#include "lib/sys/linux_kernel.h"
#include "lib/sys/linux_packages.h"
#include "lib/sys/linux_units.h"

namespace fettle::sys {
namespace {

class NoBlobs final : public BlobReader {
 public:
  absl::StatusOr<std::string> Blob(const Digest& digest) const override {
    return NotFound("no content with digest {} is at hand", digest.Hex());
  }
};

class LinuxHost final : public Host {
 public:
  explicit LinuxHost(const LinuxHostOptions& options)
      : blobs_(options.blobs != nullptr ? *options.blobs : no_blobs_),
        files_(options.root, options.hash_cache_file),
        packages_(options.root,
                  {[this] { ForgetSnapshots(); }, [this] { return units_.ActiveUnits(); }}),
        accounts_(options.root),
        commands_([this] { ForgetSnapshots(); }) {}

  const FileReader& files() const override { return files_; }

  const PackageReader& packages() const override { return packages_; }

  const UnitReader& units() const override { return units_; }

  const AccountReader& accounts() const override { return accounts_; }

  const KernelReader& kernel() const override { return kernel_; }

  const Prober& prober() const override { return commands_; }

  const BlobReader& blobs() const override { return blobs_; }

  // Units are never kept: every look at them is fresh.
  void ForgetSnapshots() const override {
    packages_.Forget();
    accounts_.Forget();
  }

  FileWriter& write_files() override { return files_; }

  PackageWriter& write_packages() override { return packages_; }

  UnitWriter& write_units() override { return units_; }

  AccountWriter& write_accounts() override { return accounts_; }

  KernelWriter& write_kernel() override { return kernel_; }

  CommandRunner& commands() override { return commands_; }

 private:
  const NoBlobs no_blobs_;
  const BlobReader& blobs_;
  LinuxFiles files_;
  LinuxUnits units_;
  LinuxPackages packages_;
  LinuxAccounts accounts_;
  LinuxKernel kernel_;
  LinuxCommands commands_;
};

}  // namespace

std::unique_ptr<Host> MakeLinuxHost(const LinuxHostOptions& options) {
  return std::make_unique<LinuxHost>(options);
}

}  // namespace fettle::sys
