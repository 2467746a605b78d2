// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/place.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/sys/errno.h"

namespace fettle::sys {
namespace {

constexpr std::string_view kTemporaryPrefix = ".fettle-";
constexpr std::string_view kTemporarySuffix = ".tmp~";
constexpr std::size_t kTemporaryRandom = 16;

FileKind KindOf(uint32_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return FileKind::kRegular;
    case S_IFDIR:
      return FileKind::kDirectory;
    case S_IFLNK:
      return FileKind::kLink;
    default:
      return FileKind::kOther;
  }
}

int64_t Nanoseconds(const statx_timestamp& time) {
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

int LookWith(int directory, const char* name, int flags, Look* look) {
  struct statx raw;  // Filled by the kernel; clearing it would cost more than the call's share.
  if (statx(directory, name, flags | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &raw) != 0) {
    return errno;
  }
  FileStat& stat = look->stat;
  stat.kind = KindOf(raw.stx_mode);
  stat.mode = raw.stx_mode & 07777U;
  stat.uid = raw.stx_uid;
  stat.gid = raw.stx_gid;
  stat.links = raw.stx_nlink;
  stat.device = makedev(raw.stx_dev_major, raw.stx_dev_minor);
  stat.inode = raw.stx_ino;
  stat.size = raw.stx_size;
  stat.modified_ns = Nanoseconds(raw.stx_mtime);
  stat.changed_ns = Nanoseconds(raw.stx_ctime);
  look->mount_point = (raw.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  return 0;
}

}  // namespace

absl::Status CheckPath(std::string_view path) {
  if (path.empty() || path[0] != '/') {
    return InvalidArgument("path \"{}\" is not absolute", path);
  }
  if (path.find('\0') != std::string_view::npos) {
    return InvalidArgument("path \"{}\" holds a NUL byte", path.substr(0, path.find('\0')));
  }
  return absl::OkStatus();
}

absl::StatusOr<Place> OpenPlace(const std::string& path) {
  RETURN_IF_ERROR(CheckPath(path));
  const std::size_t slash = path.rfind('/');
  Place place;
  place.path = path;
  place.name = path.substr(slash + 1);
  if (place.name.empty() || place.name == "." || place.name == "..") {
    return InvalidArgument("path \"{}\" does not end in a name", path);
  }
  const std::string parent = slash == 0 ? "/" : path.substr(0, slash);
  place.directory = UniqueFd(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!place.directory.valid()) {
    return ErrnoStatus(errno, "open the directory", parent);
  }
  return place;
}

int LookAt(int directory, const char* name, Look* look) {
  return LookWith(directory, name, AT_SYMLINK_NOFOLLOW, look);
}

int LookAtFd(int fd, Look* look) {
  return LookWith(fd, "", AT_EMPTY_PATH, look);
}

absl::Status SyncDirectory(const Place& place) {
  // EINVAL: a file system without directory sync (some FUSE and network ones); nothing to be had.
  if (fsync(place.directory.get()) != 0 && errno != EINVAL) {
    return ErrnoStatus(errno, "sync the directory of", place.path);
  }
  return absl::OkStatus();
}

std::string_view ImmutableText(int fd) {
  int flags = 0;
  if (ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0) {
    return "";
  }
  if ((flags & FS_IMMUTABLE_FL) != 0) {
    return "it is immutable (lsattr shows \"i\"; chattr -i lifts it)";
  }
  return (flags & FS_APPEND_FL) != 0 ? "it is append-only (lsattr shows \"a\"; chattr -a lifts it)"
                                     : "";
}

absl::Status PlaceError(int error, std::string_view doing, const Place& place) {
  if (error == EPERM) {
    const std::string_view why = ImmutableText(place.directory.get());
    if (!why.empty()) {
      return FailedPrecondition("cannot {} {}: of its directory: {}", doing, place.path, why);
    }
  }
  return ErrnoStatus(error, doing, place.path);
}

std::string NewTemporaryName() {
  return fmt::format(
      "{}{}{}", kTemporaryPrefix, HexEncode(RandomBytes(kTemporaryRandom / 2)), kTemporarySuffix);
}

bool IsTemporaryName(std::string_view name) {
  if (name.size() != kTemporaryPrefix.size() + kTemporaryRandom + kTemporarySuffix.size() ||
      name.substr(0, kTemporaryPrefix.size()) != kTemporaryPrefix ||
      name.substr(name.size() - kTemporarySuffix.size()) != kTemporarySuffix) {
    return false;
  }
  const std::string_view random = name.substr(kTemporaryPrefix.size(), kTemporaryRandom);
  return std::all_of(random.begin(), random.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

}  // namespace fettle::sys
