// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/cleanup/cleanup.h"

#include "lib/base/status_macros.h"
#include "lib/sys/atomic_replace.h"
#include "lib/sys/errno.h"
#include "lib/sys/read_fd.h"

// Replace() with in_place: the same inode gets other content.
namespace fettle::sys {
namespace {

// More than this is not kept in memory to be put back when writing fails.
constexpr uint64_t kMaxKept = 64 << 20;

// Shows the new content to options.validate as a file beside the old one, which is then removed.
absl::Status ValidateBeside(const Place& place,
                            std::string_view content,
                            const ReplaceOptions& options) {
  if (!options.validate) {
    return absl::OkStatus();
  }
  const std::string name = NewTemporaryName();
  UniqueFd fd(openat(place.directory.get(),
                     name.c_str(),
                     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                     0600));
  if (!fd.valid()) {
    return PlaceError(errno, "make a temporary for", place);
  }
  const absl::Cleanup remove = [&] { unlinkat(place.directory.get(), name.c_str(), 0); };
  if (const int error = WriteAll(fd.get(), content); error != 0) {
    return PlaceError(error, "write the new content of", place);
  }
  if (fchown(fd.get(), options.uid, options.gid) != 0 || fchmod(fd.get(), options.mode) != 0) {
    return PlaceError(errno, "set owner and mode of a temporary for", place);
  }
  return options.validate(place.path.substr(0, place.path.rfind('/') + 1) + name);
}

int Rewrite(int fd, std::string_view content) {
  if (lseek(fd, 0, SEEK_SET) != 0) {
    return errno;
  }
  if (const int error = WriteAll(fd, content); error != 0) {
    return error;
  }
  return ftruncate(fd, static_cast<off_t>(content.size())) == 0 ? 0 : errno;
}

absl::Status WriteOver(int fd, std::string_view content, const FileStat& old, const Place& place) {
  std::string kept;
  if (const int error = ReadAll(fd, old.size, kMaxKept, &kept); error != 0) {
    return PlaceError(error, "keep the old content of", place);
  }
  // Room first: a full disk is found before a byte has changed. Not every file system can.
  if (content.size() > old.size && fallocate(fd, 0, 0, static_cast<off_t>(content.size())) != 0 &&
      errno != EOPNOTSUPP) {
    return PlaceError(errno, "find room for the new content of", place);
  }
  const int error = Rewrite(fd, content);
  if (error == 0) {
    return absl::OkStatus();
  }
  const absl::Status status = PlaceError(error, "write in place", place);
  if (Rewrite(fd, kept) != 0) {
    return Annotate(status, "the file may now be torn, its old content could not be put back");
  }
  return status;
}

// First takes away what the new mode does not allow, so that no instant shows new content to old
// readers or old content to new ones more than needed.
absl::Status Finish(int fd, const ReplaceOptions& options, const Place& place) {
  if (fchown(fd, options.uid, options.gid) != 0) {
    return PlaceError(errno, "set the owner of", place);
  }
  if (fchmod(fd, options.mode & 07777U) != 0) {
    return PlaceError(errno, "set the mode of", place);
  }
  if (fsync(fd) != 0) {
    return PlaceError(errno, "sync", place);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status OverwriteFile(const std::string& path,
                           std::string_view content,
                           const ReplaceOptions& options) {
  ASSIGN_OR_RETURN(const Place place, OpenPlace(path));
  RETURN_IF_ERROR(ValidateBeside(place, content, options));
  UniqueFd fd(openat(
      place.directory.get(), place.name.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) {
    const int error = errno;
    const UniqueFd look(openat(
        place.directory.get(), place.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    const std::string_view immutable = look.valid() ? ImmutableText(look.get()) : "";
    return immutable.empty() ? PlaceError(error, "write in place", place)
                             : FailedPrecondition("cannot write {}: {}", path, immutable);
  }
  Look now;
  if (const int error = LookAtFd(fd.get(), &now); error != 0) {
    return PlaceError(error, "look at", place);
  }
  if (now.stat.kind != FileKind::kRegular) {
    return FailedPrecondition("cannot write {} in place: it is not a regular file", path);
  }
  RETURN_IF_ERROR(CheckExpected(place, options.expected));
  const uint32_t narrow = now.stat.mode & options.mode & 0777U;
  if (fchmod(fd.get(), narrow) != 0) {
    return PlaceError(errno, "set the mode of", place);
  }
  const absl::Status written = WriteOver(fd.get(), content, now.stat, place);
  if (!written.ok()) {
    fchmod(fd.get(), now.stat.mode);
    return written;
  }
  return Finish(fd.get(), options, place);
}

}  // namespace fettle::sys
