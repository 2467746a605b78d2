// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "lib/resource/packages.h"
#include "server/store/sqlite/database.h"
#include "server/store/sqlite/partitions.h"

// Installed packages. Now is the table `packages`, one row a host and package, of numbers alone:
// names, versions and hosts stand once in package_names, package_versions ("1.2-3 amd64") and
// package_hosts, which also says since when anything is known of a host (first), when it last
// changed (newest), and the digest of all its packages. What was is what became of it: a row of
// package_changes_<month> says which version there was, since when, which one followed (0: none),
// and who did it (package_causes_<month>). A host where nothing changes adds nothing.
// packages_read.cc asks.
namespace fettle::server::sqlite {

// From then on the packages are these, inside the caller's transaction. What comes late (before the
// last change) counts as the next after it; nothing lies after `now`.
absl::Status StorePackages(Database& database,
                           Partitions& partitions,
                           const std::string& host,
                           const resource::PackageReport& report,
                           absl::Time now);

// "1.2-3" and "amd64" of "1.2-3 amd64".
resource::PackageVersion ReadVersion(std::string_view text);

}  // namespace fettle::server::sqlite
