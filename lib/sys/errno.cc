// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/errno.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/sys/read_fd.h"
#include "lib/sys/unique_fd.h"

#ifndef STATX_MNT_ID
#error "needs a C library that knows STATX_MNT_ID (glibc 2.33)"
#endif

namespace fettle::sys {
namespace {

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::StatusCode::kNotFound;
    case EACCES:
    case EPERM:
      return absl::StatusCode::kPermissionDenied;
    case EROFS:
    case ENOSPC:
    case EDQUOT:
    case EISDIR:
    case ELOOP:
    case EBUSY:
    case EXDEV:
    case EEXIST:
    case ENOTEMPTY:
    case EFBIG:
    case EMLINK:
    case ETXTBSY:
    case ENAMETOOLONG:
    case EOPNOTSUPP:
    case ENXIO:
    case ENODEV:
    case EIO:
      return absl::StatusCode::kFailedPrecondition;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case EINTR:
    case ESTALE:
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
      return absl::StatusCode::kUnavailable;
    case ETIMEDOUT:
      return absl::StatusCode::kDeadlineExceeded;
    case EINVAL:
      return absl::StatusCode::kInvalidArgument;
    default:
      return absl::StatusCode::kInternal;
  }
}

bool IsFileSystemTrouble(int error) {
  return error == EROFS || error == ENOSPC || error == EDQUOT || error == EIO;
}

std::string_view ParentOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos || slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

std::string_view ErrnoText(int error) {
  const char* text = strerrordesc_np(error);
  return text != nullptr ? text : "unknown error";
}

absl::Status ErrnoStatus(int error, std::string_view doing, std::string_view path) {
  std::string message = fmt::format("cannot {} {}: {}", doing, path, ErrnoText(error));
  if (IsFileSystemTrouble(error)) {
    const std::string where = DescribeFileSystem(std::string(path));
    if (!where.empty()) {
      message += fmt::format(" (file system {})", where);
    }
  }
  return {CodeOf(error), message};
}

std::string DescribeMount(std::string_view mountinfo, uint64_t mount_id) {
  const std::string id = std::to_string(mount_id);
  for (const std::string_view line : SplitLines(mountinfo)) {
    const std::vector<std::string_view> words = Split(line, ' ');
    if (words.size() < 10 || words[0] != id) {
      continue;
    }
    // "36 35 98:0 /root /mount options optional... - type source super-options"
    for (std::size_t i = 6; i + 2 < words.size(); ++i) {
      if (words[i] == "-") {
        const bool read_only = words[5] == "ro" || words[5].substr(0, 3) == "ro,";
        return fmt::format("{} ({} on {}{})",
                           words[4],
                           words[i + 1],
                           words[i + 2],
                           read_only ? ", read-only" : "");
      }
    }
  }
  return "";
}

std::string DescribeFileSystem(const std::string& path) {
  struct statx info {};

  std::string at = path;
  while (statx(AT_FDCWD, at.c_str(), AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &info) != 0) {
    if (at == "/" || at.empty()) {
      return "";
    }
    at = std::string(ParentOf(at));
  }
  UniqueFd fd(open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  std::string mountinfo;
  if (!fd.valid() || ReadAll(fd.get(), 0, 1 << 20, &mountinfo) != 0) {
    return "";
  }
  return DescribeMount(mountinfo, info.stx_mnt_id);
}

}  // namespace fettle::sys
