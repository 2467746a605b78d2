// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/cleanup/cleanup.h"
#include <fmt/format.h>

#include "lib/base/status_macros.h"
#include "lib/sys/atomic_replace.h"
#include "lib/sys/errno.h"
#include "lib/sys/linux_files.h"
#include "lib/sys/place.h"
#include "lib/sys/remove_tree.h"
#include "lib/sys/replace_all.h"
#include "lib/sys/unique_fd.h"

// The changing half of LinuxFiles.
namespace fettle::sys {
namespace {

// Renames a finished temporary over the place, or removes it.
absl::Status Take(const Place& place, const std::string& temporary, unsigned flags) {
  const int directory = place.directory.get();
  if (renameat2(directory, temporary.c_str(), directory, place.name.c_str(), flags) != 0) {
    const int error = errno;
    unlinkat(directory, temporary.c_str(), AT_REMOVEDIR);
    unlinkat(directory, temporary.c_str(), 0);
    return error == EEXIST
               ? FailedPrecondition("cannot make {}: something is there already", place.path)
               : PlaceError(error, "make", place);
  }
  return SyncDirectory(place);
}

// chmod(2) through a descriptor that only names the file: works for all kinds but links, follows
// none.
int ChangeMode(int fd, uint32_t mode) {
  const std::string path = fmt::format("/proc/self/fd/{}", fd);
  return chmod(path.c_str(), mode) == 0 ? 0 : errno;
}

// Makes the inode's new owner and mode durable; other kinds than files and directories cannot be.
void SyncInode(const Place& place, FileKind kind) {
  if (kind != FileKind::kRegular && kind != FileKind::kDirectory) {
    return;
  }
  const UniqueFd fd(openat(
      place.directory.get(), place.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (fd.valid()) {
    fsync(fd.get());
  }
}

struct Ownership {
  uint32_t uid;
  uint32_t gid;
  uint32_t mode;
};

// In the order that never gives anyone access that both the old and the new state deny him.
int ChangeOwnership(int fd, const FileStat& now, const Ownership& wanted) {
  const bool owner_changes = wanted.uid != now.uid || wanted.gid != now.gid;
  const uint32_t narrow = now.mode & wanted.mode & 0777U;
  const bool is_link = now.kind == FileKind::kLink;
  if (owner_changes && !is_link && now.mode != narrow) {
    if (const int error = ChangeMode(fd, narrow); error != 0) {
      return error;
    }
  }
  if (owner_changes && fchownat(fd, "", wanted.uid, wanted.gid, AT_EMPTY_PATH) != 0) {
    return errno;
  }
  if (is_link || (!owner_changes && wanted.mode == now.mode)) {
    return 0;
  }
  return ChangeMode(fd, wanted.mode);
}

absl::Status OwnershipError(int error, const Place& place) {
  const UniqueFd fd(openat(
      place.directory.get(), place.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  const std::string_view immutable = error == EPERM && fd.valid() ? ImmutableText(fd.get()) : "";
  return immutable.empty()
             ? ErrnoStatus(error, "set owner and mode of", place.path)
             : FailedPrecondition("cannot set owner and mode of {}: {}", place.path, immutable);
}

}  // namespace

absl::Status LinuxFiles::Replace(const std::string& path,
                                 std::string_view content,
                                 const ReplaceOptions& options) {
  RETURN_IF_ERROR(CheckPath(path));
  std::string buffer;
  const std::string& real = Under(path, buffer);
  // A file that is not there yet has no inode to keep.
  if (options.in_place && options.expected.has_value()) {
    return OverwriteFile(real, content, options);
  }
  return ReplaceFile(real, content, options);
}

std::vector<absl::Status> LinuxFiles::ReplaceAll(std::span<const FileReplacement> files) {
  const auto alone = [&](std::size_t i) {
    return Replace(files[i].path, files[i].content, files[i].options);
  };
  if (root_.empty()) {
    return ReplaceFiles(files, alone);
  }
  std::vector<FileReplacement> below(files.begin(), files.end());
  for (FileReplacement& file : below) {
    file.path.insert(0, root_);
  }
  return ReplaceFiles(below, alone);
}

absl::Status LinuxFiles::SetOwnership(const std::string& path,
                                      std::optional<uint32_t> uid,
                                      std::optional<uint32_t> gid,
                                      std::optional<uint32_t> mode) {
  RETURN_IF_ERROR(CheckPath(path));
  std::string buffer;
  ASSIGN_OR_RETURN(const Place place, OpenPlace(Under(path, buffer)));
  const UniqueFd fd(
      openat(place.directory.get(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  Look now;
  const int error = fd.valid() ? LookAtFd(fd.get(), &now) : errno;
  if (error != 0) {
    return PlaceError(error, "look at", place);
  }
  if (mode.has_value() && now.stat.kind == FileKind::kLink) {
    return FailedPrecondition("cannot set the mode of {}: it is a symbolic link, which has none",
                              place.path);
  }
  const Ownership wanted{uid.value_or(now.stat.uid),
                         gid.value_or(now.stat.gid),
                         mode.value_or(now.stat.mode) & 07777U};
  if (const int failed = ChangeOwnership(fd.get(), now.stat, wanted); failed != 0) {
    return OwnershipError(failed, place);
  }
  SyncInode(place, now.stat.kind);
  return SyncDirectory(place);
}

absl::Status LinuxFiles::MakeDirectory(const std::string& path,
                                       uint32_t mode,
                                       uint32_t uid,
                                       uint32_t gid) {
  RETURN_IF_ERROR(CheckPath(path));
  std::string buffer;
  ASSIGN_OR_RETURN(const Place place, OpenPlace(Under(path, buffer)));
  // Under another name first, so that it appears with its owner and mode or not at all.
  const std::string temporary = NewTemporaryName();
  if (mkdirat(place.directory.get(), temporary.c_str(), 0700) != 0) {
    return PlaceError(errno, "make the directory", place);
  }
  const UniqueFd fd(openat(
      place.directory.get(), temporary.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid() || fchown(fd.get(), uid, gid) != 0 || fchmod(fd.get(), mode & 07777U) != 0 ||
      fsync(fd.get()) != 0) {
    const int error = errno;
    unlinkat(place.directory.get(), temporary.c_str(), AT_REMOVEDIR);
    return PlaceError(error, "set owner and mode of the directory", place);
  }
  return Take(place, temporary, RENAME_NOREPLACE);
}

absl::Status LinuxFiles::MakeLink(const std::string& path, const std::string& target) {
  RETURN_IF_ERROR(CheckPath(path));
  if (target.empty() || target.find('\0') != std::string::npos) {
    return InvalidArgument("link {}: its target is empty or holds a NUL byte", path);
  }
  std::string buffer;
  ASSIGN_OR_RETURN(const Place place, OpenPlace(Under(path, buffer)));
  Look now;
  const int error = LookAt(place.directory.get(), place.name.c_str(), &now);
  if (error != 0 && error != ENOENT) {
    return PlaceError(error, "look at", place);
  }
  if (error == 0 && now.stat.kind != FileKind::kLink) {
    return FailedPrecondition("cannot make the link {}: something else than a link is there",
                              place.path);
  }
  const std::string temporary = NewTemporaryName();
  if (symlinkat(target.c_str(), place.directory.get(), temporary.c_str()) != 0) {
    return PlaceError(errno, "make the link", place);
  }
  return Take(place, temporary, error == ENOENT ? RENAME_NOREPLACE : 0);
}

absl::Status LinuxFiles::MakeHardLink(const std::string& path, const std::string& existing) {
  RETURN_IF_ERROR(CheckPath(path));
  RETURN_IF_ERROR(CheckPath(existing));
  std::string path_buffer;
  std::string existing_buffer;
  const std::string& source = Under(existing, existing_buffer);
  ASSIGN_OR_RETURN(const Place place, OpenPlace(Under(path, path_buffer)));
  Look other;
  if (const int error = LookAt(AT_FDCWD, source.c_str(), &other); error != 0) {
    return ErrnoStatus(error, "look at", source);
  }
  if (other.stat.kind != FileKind::kRegular) {
    return FailedPrecondition(
        "cannot link {} to {}: that is not a regular file", place.path, source);
  }
  Look now;
  const int error = LookAt(place.directory.get(), place.name.c_str(), &now);
  if (error != 0 && error != ENOENT) {
    return PlaceError(error, "look at", place);
  }
  if (error == 0 && now.stat.kind != FileKind::kRegular) {
    return FailedPrecondition("cannot make {} a hard link: it is not a regular file", place.path);
  }
  // Also because rename(2) does nothing between two names of one file and would leave the
  // temporary.
  if (error == 0 && now.stat.device == other.stat.device && now.stat.inode == other.stat.inode) {
    return absl::OkStatus();
  }
  const std::string temporary = NewTemporaryName();
  if (linkat(AT_FDCWD, source.c_str(), place.directory.get(), temporary.c_str(), 0) != 0) {
    return PlaceError(errno, fmt::format("link {} as", source), place);
  }
  return Take(place, temporary, error == ENOENT ? RENAME_NOREPLACE : 0);
}

absl::Status LinuxFiles::Remove(const std::string& path) {
  RETURN_IF_ERROR(CheckPath(path));
  std::string buffer;
  absl::StatusOr<Place> opened = OpenPlace(Under(path, buffer));
  if (absl::IsNotFound(opened.status())) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Place place, std::move(opened));
  int result = unlinkat(place.directory.get(), place.name.c_str(), 0);
  if (result != 0 && errno == EISDIR) {
    result = unlinkat(place.directory.get(), place.name.c_str(), AT_REMOVEDIR);
  }
  if (result == 0) {
    return SyncDirectory(place);
  }
  return errno == ENOENT ? absl::OkStatus() : RemovalError(errno, place);
}

absl::StatusOr<std::size_t> LinuxFiles::RemoveTemporaries(const std::string& directory) {
  const absl::StatusOr<std::vector<std::string>> names = List(directory);
  if (absl::IsNotFound(names.status())) {
    return 0;
  }
  RETURN_IF_ERROR(names.status());
  std::size_t removed = 0;
  for (const std::string& name : *names) {
    if (IsTemporaryName(name)) {
      RETURN_IF_ERROR(Remove(fmt::format("{}/{}", directory == "/" ? "" : directory, name)));
      ++removed;
    }
  }
  return removed;
}

absl::Status LinuxFiles::RemoveTree(const std::string& path,
                                    uint64_t max_entries,
                                    Deadline deadline) {
  RETURN_IF_ERROR(CheckPath(path));
  std::string buffer;
  absl::StatusOr<Place> place = OpenPlace(Under(path, buffer));
  if (absl::IsNotFound(place.status())) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(place.status());
  return RemoveTreeAt(*place, max_entries, deadline);
}

}  // namespace fettle::sys
