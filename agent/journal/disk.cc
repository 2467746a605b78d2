// SPDX-License-Identifier: Apache-2.0
#include "agent/journal/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <system_error>

#include "lib/base/status_macros.h"

namespace fettle::journal {
namespace {

constexpr mode_t kPrivateFile = 0600;
constexpr mode_t kPrivateDirectory = 0700;

std::string DirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const std::string directory = DirectoryOf(path);
  const File file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.open() || ::fsync(file.fd()) != 0) {
    return ErrnoStatus("sync", directory);
  }
  return absl::OkStatus();
}

absl::Status WriteNew(const std::string& path, std::string_view bytes, bool sync) {
  const File file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, kPrivateFile));
  if (!file.open()) {
    return ErrnoStatus("make", path);
  }
  RETURN_IF_ERROR(WriteAll(file, bytes, path));
  return !sync || ::fsync(file.fd()) == 0 ? absl::OkStatus() : ErrnoStatus("sync", path);
}

absl::Status WriteAndRename(const std::string& path, std::string_view bytes, bool sync) {
  const std::string temporary = path + ".new";
  if (const absl::Status status = WriteNew(temporary, bytes, sync); !status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return ::rename(temporary.c_str(), path.c_str()) == 0 ? absl::OkStatus()
                                                        : ErrnoStatus("rename to", path);
}

}  // namespace

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void File::Close() {
  if (fd_ >= 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

absl::Status ErrnoStatus(std::string_view what, const std::string& path) {
  const int error = errno;
  const std::string message =
      fmt::format("{} {}: {}", what, path, std::generic_category().message(error));
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
    case EROFS:
      return absl::FailedPreconditionError(message);
    default:
      return absl::UnavailableError(message);
  }
}

absl::Status MakePrivateDirectory(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), kPrivateDirectory) != 0 && errno != EEXIST) {
      return ErrnoStatus("make directory", part);
    }
    if (slash == std::string::npos) {
      return absl::OkStatus();
    }
  }
}

absl::StatusOr<File> OpenForAppend(const std::string& path) {
  File file(
      ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, kPrivateFile));
  if (!file.open()) {
    return ErrnoStatus("open", path);
  }
  return file;
}

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.open()) {
    return ErrnoStatus("open", path);
  }
  std::string content;
  std::array<char, 64 << 10> buffer{};
  while (true) {
    const ssize_t got = ::read(file.fd(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return ErrnoStatus("read", path);
    }
    if (got == 0) {
      return content;
    }
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

absl::Status WriteAll(const File& file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(file.fd(), bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) {
      continue;
    }
    if (wrote < 0) {
      return ErrnoStatus("write", path);
    }
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return absl::OkStatus();
}

absl::Status SyncData(const File& file, const std::string& path) {
  return ::fdatasync(file.fd()) == 0 ? absl::OkStatus() : ErrnoStatus("sync", path);
}

absl::Status WriteUnsynced(const std::string& path, std::string_view bytes) {
  return WriteAndRename(path, bytes, false);
}

absl::Status ReplaceWhole(const std::string& path, std::string_view bytes) {
  RETURN_IF_ERROR(WriteAndRename(path, bytes, true));
  return SyncDirectoryOf(path);
}

}  // namespace fettle::journal
