// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "lib/base/deadline.h"
#include "lib/sys/files.h"
#include "lib/sys/packages.h"

// What a package transaction would bring, found out without doing it: the steps that apt's own
// solver names, and what the archives themselves list. For plans; nothing of the host is changed.
namespace fettle::sys {

// One entry of an archive.
struct ForeseenFile {
  std::string path;  // Absolute.
  FileKind kind = FileKind::kRegular;
  uint32_t mode = 0644;
  uint64_t size = 0;
  std::string owner;
  std::string group;
  std::string target;  // Of a link.
};

// One step of a transaction.
struct ForeseenPackage {
  std::string name;
  std::string old_version;      // "" when it is newly installed.
  std::string new_version;      // "" when it is removed.
  std::string archive;          // Path of the .deb; "" when it is not at hand.
  bool contents_known = false;  // `files`, `scripts` and the accounts are what the archive says.
  std::vector<ForeseenFile> files;
  std::vector<std::string> scripts;         // Maintainer scripts: what they do cannot be foreseen.
  std::vector<std::string> users;           // Of its sysusers.d: system users with their groups.
  std::vector<std::string> guessed_users;   // That its scripts seem to make.
  std::vector<std::string> guessed_groups;  // Likewise.
};

// "install nginx 1.22.1-9", "upgrade nginx 1.20 -> 1.22.1-9", "remove nginx 1.20".
std::string StepText(const ForeseenPackage& package);

class PackageForesight {
 public:
  virtual ~PackageForesight() = default;

  // The steps that `requests` would take now, without contents. kFailedPrecondition when they
  // cannot be solved.
  virtual absl::StatusOr<std::vector<ForeseenPackage>> Steps(
      std::span<const PackageRequest> requests,
      const TransactionOptions& options,
      Deadline deadline) = 0;

  // Fills in what the archive of `package` says, if it is at hand or may be fetched.
  virtual void LookInside(ForeseenPackage* package, Deadline deadline) = 0;

  // The content of one file of an archive.
  virtual absl::StatusOr<std::string> Content(const std::string& archive,
                                              const std::string& path,
                                              uint64_t max_bytes,
                                              Deadline deadline) = 0;
};

struct AptForesightOptions {
  bool download = false;     // Fetch archives that are not in apt's cache…
  std::string cache_folder;  // … into this folder, made if it is missing, until the foresight ends.
                             // The folder above must be there. Apt's own cache is left alone.
};

// By apt-get --simulate, apt-get download and dpkg-deb. One thread at a time.
std::unique_ptr<PackageForesight> MakeAptForesight(AptForesightOptions options);

// The parsers, for their tests. The output of `dpkg-deb --contents`; lines that are no entry are
// passed over.
std::vector<ForeseenFile> ParseArchiveList(std::string_view output);

// The names of users in sysusers.d(5) lines: "u name …".
std::vector<std::string> ParseSysusers(std::string_view text);

// What a maintainer script seems to make with `tools` ("adduser", "useradd" …): the first argument
// of each such call, where it is a plain word or a variable that the script sets to one.
std::vector<std::string> GuessAccounts(std::string_view script,
                                       std::span<const std::string_view> tools);

}  // namespace fettle::sys
