// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "lib/sys/packages.h"

namespace fettle::sys {

// One package of dpkg's database. The views point into the text that was parsed.
struct DpkgEntry {
  std::string_view name;
  std::string_view architecture;
  std::string_view version;
  std::string_view status;  // The last word of Status: "installed", "config-files" …
  std::string_view provides;
  bool held = false;
  bool reinstall_required = false;
  bool essential = false;
};

// dpkg's database as read at one moment. Safe from many threads once built; not to be copied or
// moved, since its entries point into it.
class DpkgStatus {
 public:
  // `texts`: the status file and then, in order, the files of updates/, whose entries override
  // earlier ones (dpkg keeps them there between its own checkpoints).
  explicit DpkgStatus(std::vector<std::string> texts);

  DpkgStatus(const DpkgStatus&) = delete;
  DpkgStatus& operator=(const DpkgStatus&) = delete;

  // As PackageReader::Package().
  PackageState State(std::string_view name) const;

  // The entry of `name` ("name" or "name:arch"), whatever its state; null when dpkg knows none.
  const DpkgEntry* Find(std::string_view name) const;

  // Names of all that are half-done, sorted, with the architecture where it is not the native one.
  std::vector<std::string> Broken() const;

  // Names of all installed ones, in the order of the file.
  std::vector<std::string> Installed() const;

  // The machine's own architecture: the one dpkg itself has.
  std::string_view native_architecture() const { return native_; }

 private:
  void Add(const DpkgEntry& entry);
  void IndexProvides();
  std::string DisplayName(const DpkgEntry& entry) const;

  const std::vector<std::string> texts_;
  std::vector<DpkgEntry> entries_;
  std::string_view native_;
  // Of packages installed for several architectures, the first entry; the others follow by `next_`.
  absl::flat_hash_map<std::string_view, std::size_t> by_name_;
  std::vector<std::size_t> next_;
  // Virtual packages and the installed packages that provide them.
  absl::flat_hash_map<std::string_view, std::vector<std::size_t>> providers_;
};

// The entries of one text in the form of /var/lib/dpkg/status, in order. Unknown fields and
// whatever is no field are passed over.
std::vector<DpkgEntry> ParseDpkgStatus(std::string_view text);

// What a state word means to us.
PackagePresence PresenceOf(const DpkgEntry& entry);

}  // namespace fettle::sys
