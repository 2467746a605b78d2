// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "agent/plans/stored_plan.h"
#include "lib/sys/host.h"
#include "lib/sys/package_foresight.h"

namespace fettle::plans {

// A host on which the package manager does what a plan says and nothing else: it is asked for the
// versions of the plan, its lists are not refreshed, and a transaction with any other step is
// refused (kAborted) before it begins.
class GuardedHost final : public sys::Host, private sys::PackageWriter, private sys::BlobReader {
 public:
  // All outlive it.
  GuardedHost(sys::Host& host, const StoredPlan& plan, sys::PackageForesight* foresight)
      : host_(host), plan_(plan), foresight_(foresight) {}

  const sys::FileReader& files() const override { return host_.files(); }

  const sys::PackageReader& packages() const override { return host_.packages(); }

  const sys::UnitReader& units() const override { return host_.units(); }

  const sys::AccountReader& accounts() const override { return host_.accounts(); }

  const sys::KernelReader& kernel() const override { return host_.kernel(); }

  const sys::Prober& prober() const override { return host_.prober(); }

  // The contents that the plan holds.
  const sys::BlobReader& blobs() const override { return *this; }

  void ForgetSnapshots() const override { host_.ForgetSnapshots(); }

  sys::FileWriter& write_files() override { return host_.write_files(); }

  sys::PackageWriter& write_packages() override { return *this; }

  sys::UnitWriter& write_units() override { return host_.write_units(); }

  sys::AccountWriter& write_accounts() override { return host_.write_accounts(); }

  sys::KernelWriter& write_kernel() override { return host_.write_kernel(); }

  sys::CommandRunner& commands() override { return host_.commands(); }

 private:
  absl::StatusOr<std::string> Blob(const Digest& digest) const override;
  absl::Status Commit(std::span<const sys::PackageRequest> requests,
                      const sys::TransactionOptions& options,
                      Deadline deadline) override;

  sys::Host& host_;
  const StoredPlan& plan_;
  sys::PackageForesight* const foresight_;
};

}  // namespace fettle::plans
