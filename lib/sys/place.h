// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/sys/files.h"
#include "lib/sys/unique_fd.h"

// A name in an open directory: what every change of a file works on, so that a directory renamed
// under us cannot lead a change elsewhere. Only for lib/sys.
namespace fettle::sys {

struct Place {
  UniqueFd directory;  // Open for reading, so that it can be synced.
  std::string name;    // The final component: never empty, "." or "..".
  std::string path;    // The whole, for messages.
};

// What lstat(2) says, and whether it is a mount point.
struct Look {
  FileStat stat;
  bool mount_point = false;
};

// kInvalidArgument unless `path` is absolute and without NUL.
absl::Status CheckPath(std::string_view path);

// Opens the directory of `path`; links among its parents are followed. kNotFound when there is
// none.
absl::StatusOr<Place> OpenPlace(const std::string& path);

// Looks at `name` below `directory` (AT_FDCWD and a path will do) without following a final link; 0
// or an errno value.
int LookAt(int directory, const char* name, Look* look);

// The same of an open descriptor.
int LookAtFd(int fd, Look* look);

// Makes the names of the place's directory durable.
absl::Status SyncDirectory(const Place& place);

// What refuses a change though the caller is root: "it is immutable (chattr -i …)" of the file open
// at `fd`; "" when it is neither immutable nor append-only or that cannot be told.
std::string_view ImmutableText(int fd);

// As ErrnoStatus(), but tells an EPERM that comes from the directory's immutable flag.
absl::Status PlaceError(int error, std::string_view doing, const Place& place);

// A new name for a temporary: ".fettle-<16 hex>.tmp~". run-parts and cron.d take no names with
// dots, sudoers.d none with a dot or a final "~", *.conf, *.list and *.rules readers none without
// their suffix, systemd, logrotate and apt none that end in "~", cron's spool none that begin with
// a dot.
std::string NewTemporaryName();

// Whether a name is of that form: a leftover of a killed run, safe to remove when no run is under
// way.
bool IsTemporaryName(std::string_view name);

}  // namespace fettle::sys
