// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/apt_lists.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/sys/apt_transaction.h"
#include "lib/sys/dpkg_lock.h"
#include "lib/sys/linux_commands.h"
#include "lib/sys/place.h"
#include "lib/sys/read_fd.h"

namespace fettle::sys {
namespace {

constexpr char kLists[] = "/var/lib/apt/lists";
constexpr char kSources[] = "/etc/apt/sources.list.d";
constexpr char kLock[] = "/var/lib/apt/lists/lock";

absl::Time ModifiedAt(const std::string& path) {
  Look look;
  return LookAt(AT_FDCWD, path.c_str(), &look) == 0 ? absl::FromUnixNanos(look.stat.modified_ns)
                                                    : absl::InfinitePast();
}

std::vector<std::string> Names(const char* directory) {
  std::vector<std::string> names;
  const UniqueFd fd(open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid()) {
    ReadNames(fd.get(), &names);
  }
  return names;
}

bool HaveLists() {
  const std::vector<std::string> names = Names(kLists);
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.find("_Packages") != std::string::npos;
  });
}

absl::Time RefreshedAt() {
  return std::max({ModifiedAt(kLists),
                   ModifiedAt(std::string(kLists) + "/partial"),
                   ModifiedAt("/var/lib/apt/periodic/update-success-stamp")});
}

absl::Time SourcesChangedAt() {
  absl::Time changed = std::max(ModifiedAt("/etc/apt/sources.list"), ModifiedAt(kSources));
  for (const std::string& name : Names(kSources)) {
    changed = std::max(changed, ModifiedAt(fmt::format("{}/{}", kSources, name)));
  }
  return changed;
}

}  // namespace

bool ListsAreOlderThan(absl::Duration age, absl::Time now) {
  if (age == absl::InfiniteDuration()) {
    return false;
  }
  const absl::Time refreshed = RefreshedAt();
  return !HaveLists() || now - refreshed > age || SourcesChangedAt() > refreshed;
}

absl::Status UpdateLists(absl::Duration lock_wait, Deadline deadline) {
  const std::array<std::string, 1> locks = {kLock};
  RETURN_IF_ERROR(AwaitLocks(locks, deadline.Within(lock_wait)));
  Command command;
  command.argv = {"apt-get", "-q", "-y", "-o", "APT::Color=0", "update"};
  command.environment = AptEnvironment(TransactionOptions());
  ASSIGN_OR_RETURN(const CommandResult result, RunCommand(command, deadline));
  if (result.exit_code != 0) {
    return AptFailure("apt-get update", result.exit_code, result.out + result.err);
  }
  // Only a stamp: without it the next run refreshes once more.
  static_cast<void>(utimensat(AT_FDCWD, kLists, nullptr, 0));
  return absl::OkStatus();
}

}  // namespace fettle::sys
