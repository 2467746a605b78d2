// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/linux_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/sys/atomic_replace.h"
#include "lib/sys/errno.h"
#include "lib/sys/place.h"
#include "lib/sys/read_fd.h"
#include "lib/sys/unique_fd.h"

// The looking half of LinuxFiles; what it changes is in linux_file_writes.cc.
namespace fettle::sys {
namespace {

constexpr std::size_t kBlock = 64 << 10;
constexpr uint64_t kMaxCacheFile = 64 << 20;

// O_NONBLOCK: opening a pipe that nobody writes to must not hang; for regular files it means
// nothing. O_NOATIME is refused to those who do not own the file; then without.
UniqueFd OpenForReading(const char* path) {
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  UniqueFd fd(open(path, kFlags | O_NOATIME));
  if (!fd.valid() && errno == EPERM) {
    fd = UniqueFd(open(path, kFlags));
  }
  return fd;
}

absl::StatusOr<UniqueFd> OpenRegular(const std::string& path, Look* look) {
  RETURN_IF_ERROR(CheckPath(path));
  UniqueFd fd = OpenForReading(path.c_str());
  if (!fd.valid()) {
    return ErrnoStatus(errno, "read", path);
  }
  if (const int error = LookAtFd(fd.get(), look); error != 0) {
    return ErrnoStatus(error, "look at", path);
  }
  if (look->stat.kind != FileKind::kRegular) {
    return FailedPrecondition(
        "cannot read {}: it is {}, not a regular file",
        path,
        look->stat.kind == FileKind::kDirectory ? "a directory" : "a device, socket or pipe");
  }
  return fd;
}

// The digest of the file just opened at `fd`, of which fstat(2) said `size`.
absl::StatusOr<Digest> HashFile(int fd, uint64_t size, const std::string& path, Deadline deadline) {
  thread_local std::array<char, kBlock> block;
  std::size_t got = 0;
  // Most files fit: one read and no stream. Less than was asked for, but all that there is: the
  // end.
  const ssize_t first = read(fd, block.data(), block.size());
  if (first < 0) {
    return ErrnoStatus(errno, "read", path);
  }
  got = static_cast<std::size_t>(first);
  if (got > 0 && got < block.size() && got == size) {
    return Sha256({block.data(), got});
  }
  Sha256Stream stream;
  while (got > 0) {
    RETURN_IF_ERROR(Annotate(deadline.Check("hashing"), path));
    stream.Update({block.data(), got});
    if (const int error = ReadUpTo(fd, block.data(), block.size(), &got); error != 0) {
      return ErrnoStatus(error, "read", path);
    }
  }
  return stream.Finish();
}

}  // namespace

LinuxFiles::LinuxFiles(std::string root, std::string cache_file)
    : root_(std::move(root)), cache_file_(std::move(cache_file)) {}

LinuxFiles::~LinuxFiles() {
  if (cache_file_.empty() || !cache_.dirty()) {
    return;
  }
  ReplaceOptions options;
  options.mode = 0600;
  options.uid = geteuid();
  options.gid = getegid();
  Look look;
  if (LookAt(AT_FDCWD, cache_file_.c_str(), &look) == 0) {
    options.expected = look.stat;
  }
  // Nothing to do about a failure here: the next process hashes anew.
  const absl::Status saved = ReplaceFile(cache_file_, cache_.Save(), options);
  static_cast<void>(saved);
}

void LinuxFiles::LoadCacheOnce() const {
  absl::call_once(cache_loaded_, [this] {
    Look look;
    absl::StatusOr<UniqueFd> fd =
        cache_file_.empty() ? absl::NotFoundError("") : OpenRegular(cache_file_, &look);
    const bool ours = fd.ok() && (look.stat.uid == 0 || look.stat.uid == geteuid()) &&
                      (look.stat.mode & 022U) == 0;
    std::string saved;
    if (ours && ReadAll(fd->get(), look.stat.size, kMaxCacheFile, &saved) == 0) {
      cache_.Load(saved);
    }
  });
}

const std::string& LinuxFiles::Under(const std::string& path, std::string& buffer) const {
  if (root_.empty()) {
    return path;
  }
  buffer = root_ + path;
  return buffer;
}

absl::StatusOr<FileStat> LinuxFiles::Stat(const std::string& path) const {
  RETURN_IF_ERROR(CheckPath(path));
  std::string buffer;
  const std::string& real = Under(path, buffer);
  Look look;
  if (const int error = LookAt(AT_FDCWD, real.c_str(), &look); error != 0) {
    return ErrnoStatus(error, "look at", real);
  }
  return look.stat;
}

absl::StatusOr<std::string> LinuxFiles::Read(const std::string& path, uint64_t max_bytes) const {
  std::string buffer;
  const std::string& real = Under(path, buffer);
  Look look;
  ASSIGN_OR_RETURN(const UniqueFd fd, OpenRegular(real, &look));
  std::string content;
  const int error = ReadAll(fd.get(), look.stat.size, max_bytes, &content);
  if (error == EFBIG) {
    return FailedPrecondition("cannot read {}: it has {} bytes, more than the {} allowed here",
                              real,
                              look.stat.size,
                              max_bytes);
  }
  if (error != 0) {
    return ErrnoStatus(error, "read", real);
  }
  return content;
}

absl::StatusOr<Digest> LinuxFiles::ContentDigest(const std::string& path, Deadline deadline) const {
  LoadCacheOnce();
  RETURN_IF_ERROR(CheckPath(path));
  std::string buffer;
  const std::string& real = Under(path, buffer);
  // Asking the cache before opening saves open, read and close where it knows the file; where it is
  // empty, that would be one call for nothing.
  Look look;
  if (cache_.size() > 0 && LookAt(AT_FDCWD, real.c_str(), &look) == 0 &&
      look.stat.kind == FileKind::kRegular) {
    if (const std::optional<Digest> known = cache_.Find(look.stat); known.has_value()) {
      return *known;
    }
  }
  return HashAndKeep(real, deadline);
}

absl::StatusOr<Digest> LinuxFiles::DigestOf(const std::string& path,
                                            const FileStat& seen,
                                            Deadline deadline) const {
  LoadCacheOnce();
  if (const std::optional<Digest> known = cache_.Find(seen); known.has_value()) {
    return *known;
  }
  std::string buffer;
  return HashAndKeep(Under(path, buffer), deadline);
}

absl::StatusOr<Digest> LinuxFiles::HashAndKeep(const std::string& real, Deadline deadline) const {
  Look look;
  ASSIGN_OR_RETURN(const UniqueFd fd, OpenRegular(real, &look));
  ASSIGN_OR_RETURN(const Digest digest, HashFile(fd.get(), look.stat.size, real, deadline));
  cache_.Keep(look.stat, digest, absl::Now());
  return digest;
}

void LinuxFiles::ForgetDigests() const {
  LoadCacheOnce();
  cache_.Clear();
}

absl::StatusOr<std::string> LinuxFiles::ReadLink(const std::string& path) const {
  RETURN_IF_ERROR(CheckPath(path));
  std::string buffer;
  const std::string& real = Under(path, buffer);
  std::string target(4096, '\0');
  const ssize_t size = readlink(real.c_str(), target.data(), target.size());
  if (size < 0 && errno == EINVAL) {
    return FailedPrecondition("cannot read the link {}: it is not a symbolic link", real);
  }
  if (size < 0) {
    return ErrnoStatus(errno, "read the link", real);
  }
  target.resize(static_cast<std::size_t>(size));
  return target;
}

absl::StatusOr<std::vector<std::string>> LinuxFiles::List(const std::string& path) const {
  RETURN_IF_ERROR(CheckPath(path));
  std::string buffer;
  const std::string& real = Under(path, buffer);
  const UniqueFd fd(open(real.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Look look;
  if (!fd.valid() && errno == ENOTDIR && LookAt(AT_FDCWD, real.c_str(), &look) == 0) {
    return FailedPrecondition("cannot list {}: it is not a directory", real);
  }
  if (!fd.valid()) {
    return ErrnoStatus(errno, "list", real);
  }
  std::vector<std::string> names;
  if (const int error = ReadNames(fd.get(), &names); error != 0) {
    return ErrnoStatus(error, "list", real);
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<bool> LinuxFiles::IsMountPoint(const std::string& path) const {
  RETURN_IF_ERROR(CheckPath(path));
  std::string buffer;
  const std::string& real = Under(path, buffer);
  Look look;
  if (const int error = LookAt(AT_FDCWD, real.c_str(), &look); error != 0) {
    return ErrnoStatus(error, "look at", real);
  }
  return look.mount_point;
}

}  // namespace fettle::sys
