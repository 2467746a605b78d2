// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "lib/digest/digest.h"
#include "lib/sys/accounts.h"
#include "lib/sys/commands.h"
#include "lib/sys/files.h"
#include "lib/sys/kernel.h"
#include "lib/sys/packages.h"
#include "lib/sys/units.h"

// The machine, behind two interfaces: HostReader looks, Host also writes. Whatever is given a
// HostReader cannot change anything; that is what makes plans, audit mode and drift detection safe.
// lib/sys is the only code that touches the machine; modules, agent/ and cli/ include this header,
// lib/recipe and server/ never do.
namespace fettle::sys {

// Where the content of blobs (files/ of a policy tree) comes from, by digest. Safe from many
// threads.
class BlobReader {
 public:
  virtual ~BlobReader() = default;

  // kNotFound when it is not at hand (it has not been fetched yet).
  virtual absl::StatusOr<std::string> Blob(const Digest& digest) const = 0;
};

// Looks at the host. Everything may be called from several threads at once.
class HostReader {
 public:
  virtual ~HostReader() = default;

  virtual const FileReader& files() const = 0;
  virtual const PackageReader& packages() const = 0;
  virtual const UnitReader& units() const = 0;
  virtual const AccountReader& accounts() const = 0;
  virtual const KernelReader& kernel() const = 0;
  virtual const Prober& prober() const = 0;
  virtual const BlobReader& blobs() const = 0;

  // Forgets what was read at once for a whole pass (package database, account files, units), so
  // that the next question looks anew. The engine calls it at the start of a pass; writers forget
  // on their own what they change.
  virtual void ForgetSnapshots() const = 0;
};

// Looks and writes. Writers are used by one thread at a time per resource; different files may be
// written at once.
class Host : public HostReader {
 public:
  virtual FileWriter& write_files() = 0;
  virtual PackageWriter& write_packages() = 0;
  virtual UnitWriter& write_units() = 0;
  virtual AccountWriter& write_accounts() = 0;
  virtual KernelWriter& write_kernel() = 0;
  virtual CommandRunner& commands() = 0;
};

}  // namespace fettle::sys
