// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/remove_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/sys/errno.h"
#include "lib/sys/read_fd.h"

namespace fettle::sys {
namespace {

constexpr std::size_t kMaxDepth = 512;

// One open directory on the way down.
struct Level {
  UniqueFd fd;
  std::string name;  // In the level above.
  std::string path;
  std::vector<std::string> names;  // Still to be visited.
};

// Visits a tree depth first: entries before their directory. A level is an element of a vector, not
// a call, so that depth is bounded by a number and not by the stack.
class Walk {
 public:
  Walk(const Place& place, Deadline deadline) : place_(place), deadline_(deadline) {}

  // Counts everything in the tree; kFailedPrecondition beyond `most` or at a mount point.
  absl::Status Count(uint64_t most) {
    most_ = most;
    removing_ = false;
    return Go();
  }

  absl::Status Remove() {
    removing_ = true;
    return Go();
  }

 private:
  absl::Status Go();
  absl::Status Enter(int above, const std::string& name, const std::string& path);
  absl::Status Visit();
  absl::Status Leave();
  absl::Status Step();

  const Place& place_;
  const Deadline deadline_;
  bool removing_ = false;
  uint64_t most_ = 0;
  uint64_t count_ = 0;
  std::vector<Level> levels_;
};

absl::Status Walk::Go() {
  levels_.clear();
  count_ = 1;
  RETURN_IF_ERROR(Enter(place_.directory.get(), place_.name, place_.path));
  while (!levels_.empty()) {
    RETURN_IF_ERROR(Annotate(deadline_.Check(removing_ ? "removing" : "counting"), place_.path));
    RETURN_IF_ERROR(Step());
  }
  return absl::OkStatus();
}

absl::Status Walk::Step() {
  return levels_.back().names.empty() ? Leave() : Visit();
}

absl::Status Walk::Enter(int above, const std::string& name, const std::string& path) {
  if (levels_.size() >= kMaxDepth) {
    return FailedPrecondition(
        "cannot remove {}: it is deeper than {} directories", place_.path, kMaxDepth);
  }
  Level level;
  level.fd = UniqueFd(openat(above, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!level.fd.valid()) {
    return ErrnoStatus(errno, "open", path);
  }
  Look look;
  if (const int error = LookAtFd(level.fd.get(), &look); error != 0) {
    return ErrnoStatus(error, "look at", path);
  }
  if (look.mount_point) {
    return FailedPrecondition(
        "cannot remove {}: {} is a mount point; unmount it first", place_.path, path);
  }
  if (const int error = ReadNames(level.fd.get(), &level.names); error != 0) {
    return ErrnoStatus(error, "list", path);
  }
  count_ += level.names.size();
  if (!removing_ && count_ > most_) {
    return FailedPrecondition(
        "cannot remove {}: it holds more than {} entries, and no more may be "
        "removed at once; nothing was removed",
        place_.path,
        most_);
  }
  level.name = name;
  level.path = path;
  levels_.push_back(std::move(level));
  return absl::OkStatus();
}

absl::Status Walk::Visit() {
  Level& level = levels_.back();
  const std::string name = std::move(level.names.back());
  level.names.pop_back();
  const int directory = level.fd.get();
  const std::string path = level.path + "/" + name;
  Look look;
  const int error = LookAt(directory, name.c_str(), &look);
  if (error == ENOENT) {
    return absl::OkStatus();  // Someone else removed it.
  }
  if (error != 0) {
    return ErrnoStatus(error, "look at", path);
  }
  if (look.stat.kind == FileKind::kDirectory) {
    return Enter(directory, name, path);
  }
  if (look.mount_point) {
    return FailedPrecondition(
        "cannot remove {}: {} is a mount point; unmount it first", place_.path, path);
  }
  if (removing_ && unlinkat(directory, name.c_str(), 0) != 0 && errno != ENOENT) {
    return ErrnoStatus(errno, "remove", path);
  }
  return absl::OkStatus();
}

absl::Status Walk::Leave() {
  const Level level = std::move(levels_.back());
  levels_.pop_back();
  if (!removing_) {
    return absl::OkStatus();
  }
  const int above = levels_.empty() ? place_.directory.get() : levels_.back().fd.get();
  if (unlinkat(above, level.name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return ErrnoStatus(errno, "remove the directory", level.path);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RemovalError(int error, const Place& place) {
  if (error == EBUSY) {
    return FailedPrecondition("cannot remove {}: it is a mount point; unmount it first",
                              place.path);
  }
  if (error == ENOTEMPTY || error == EEXIST) {
    return FailedPrecondition("cannot remove the directory {}: it is not empty", place.path);
  }
  if (error == EPERM) {
    const UniqueFd fd(openat(
        place.directory.get(), place.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    const std::string_view immutable = fd.valid() ? ImmutableText(fd.get()) : "";
    if (!immutable.empty()) {
      return FailedPrecondition("cannot remove {}: {}", place.path, immutable);
    }
  }
  return PlaceError(error, "remove", place);
}

absl::Status RemoveTreeAt(const Place& place, uint64_t max_entries, Deadline deadline) {
  Look look;
  const int error = LookAt(place.directory.get(), place.name.c_str(), &look);
  if (error == ENOENT) {
    return absl::OkStatus();
  }
  if (error != 0) {
    return PlaceError(error, "look at", place);
  }
  if (look.stat.kind != FileKind::kDirectory) {
    return FailedPrecondition("cannot remove {} as a tree: it is not a directory", place.path);
  }
  Walk walk(place, deadline);
  RETURN_IF_ERROR(walk.Count(max_entries));
  RETURN_IF_ERROR(walk.Remove());
  return SyncDirectory(place);
}

}  // namespace fettle::sys
