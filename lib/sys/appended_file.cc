// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/appended_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/sys/errno.h"

namespace fettle::sys {
namespace {

constexpr mode_t kMode = 0640;

// All of it, or the error.
absl::Status WriteAll(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return ErrnoStatus(errno, "append to", path);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return fdatasync(file) == 0 || errno == EINVAL ? absl::OkStatus()  // EINVAL: a pipe or a device.
                                                 : ErrnoStatus(errno, "write to disk", path);
}

}  // namespace

AppendedFile::AppendedFile(std::string path, uint64_t most_bytes)
    : path_(std::move(path)), most_bytes_(most_bytes) {}

bool AppendedFile::MovedAway() const {
  struct stat ours = {};
  struct stat there = {};
  return fstat(file_.get(), &ours) != 0 || stat(path_.c_str(), &there) != 0 ||
         ours.st_ino != there.st_ino || ours.st_dev != there.st_dev;
}

absl::Status AppendedFile::Open() {
  file_ = UniqueFd(open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, kMode));
  if (!file_.valid()) {
    return ErrnoStatus(errno, "open", path_);
  }
  struct stat found = {};
  char last = '\n';
  const bool torn = fstat(file_.get(), &found) == 0 && S_ISREG(found.st_mode) &&
                    found.st_size > 0 && pread(file_.get(), &last, 1, found.st_size - 1) == 1 &&
                    last != '\n';
  return torn ? WriteAll(file_.get(), "\n", path_) : absl::OkStatus();
}

absl::Status AppendedFile::MakeRoom(uint64_t bytes) {
  struct stat found = {};
  if (most_bytes_ == 0 || fstat(file_.get(), &found) != 0 || !S_ISREG(found.st_mode) ||
      found.st_size == 0 || static_cast<uint64_t>(found.st_size) + bytes <= most_bytes_) {
    return absl::OkStatus();
  }
  if (rename(path_.c_str(), (path_ + ".1").c_str()) != 0) {
    return ErrnoStatus(errno, "move away", path_);
  }
  return Open();
}

absl::Status AppendedFile::Append(std::string_view lines) {
  if (!file_.valid() || MovedAway()) {
    RETURN_IF_ERROR(Open());
  }
  RETURN_IF_ERROR(MakeRoom(lines.size()));
  struct stat before = {};
  const bool known = fstat(file_.get(), &before) == 0 && S_ISREG(before.st_mode);
  const absl::Status written = WriteAll(file_.get(), lines, path_);
  if (!written.ok() && known && ftruncate(file_.get(), before.st_size) != 0) {
    file_.Close();  // Opened anew, a torn line is ended.
  }
  return written;
}

}  // namespace fettle::sys
