// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"

#include "lib/sys/packages.h"

namespace fettle::sys {

// Optional face of a PackageReader that can list what there is. Found by dynamic_cast.
class PackageLister {
 public:
  virtual ~PackageLister() = default;

  // All installed packages, as of the snapshot that Package() answers from, by the name that
  // Package() takes.
  virtual absl::StatusOr<std::map<std::string, PackageState>> InstalledPackages() const = 0;
};

}  // namespace fettle::sys
