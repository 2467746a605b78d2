// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "lib/resource/packages.h"

// What is asked about installed packages, and what is answered. See HistoryStore.
namespace fettle::server {

// Which packages on which hosts.
struct PackageWanted {
  std::optional<std::vector<std::string>> hosts;  // nullopt: all.
  std::string name;                               // A name, or a pattern with * and ?; "" all.
};

struct InstalledPackage {
  std::string host;
  std::string name;
  resource::PackageVersion package;
  absl::Time since;  // Host's clock.
};

struct PackageChange {
  std::string host;
  std::string name;
  resource::PackageVersion from;  // Version "": it was not installed.
  resource::PackageVersion to;    // Version "": it is no longer installed.
  absl::Time time;                // Host's clock.
  std::string run;                // That did it; "" for somebody else.
  std::string transaction;        // What the package manager's log says of it; "" not known.
};

struct PackageList {
  std::vector<InstalledPackage> packages;  // By name and host.
  std::vector<std::string> not_known;  // Of the hosts that are meant: those whose packages of then
                                       // are not known.
};

}  // namespace fettle::server
