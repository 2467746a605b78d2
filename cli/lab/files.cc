// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "absl/algorithm/container.h"

#include "lib/base/status_macros.h"

namespace fettle::lab {
namespace {

constexpr mode_t kFileMode = 0644;

// `path` and, while it is a folder of file system `device`, all below it; folders before what is in
// them. Links are not followed.
std::vector<std::string> Tree(const std::string& path, dev_t device) {
  std::vector<std::string> found = {path};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::string entry = found[i];
    struct stat info;
    if (lstat(entry.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || info.st_dev != device) {
      continue;
    }
    for (const std::string& name : ListFolder(entry)) {
      found.push_back(fmt::format("{}/{}", entry, name));
    }
  }
  return found;
}

absl::Status WriteTo(const std::string& path, std::string_view text, int flags) {
  const int fd = open(path.c_str(), flags | O_WRONLY | O_CLOEXEC, kFileMode);
  if (fd < 0) {
    return ErrnoStatus(errno, "cannot open " + path);
  }
  const ssize_t written = write(fd, text.data(), text.size());
  const int error = errno;
  close(fd);
  if (written != static_cast<ssize_t>(text.size())) {
    return ErrnoStatus(written < 0 ? error : ENOSPC, "cannot write " + path);
  }
  return absl::OkStatus();
}

}  // namespace

std::string ErrnoText(int error) {
  return std::generic_category().message(error);
}

absl::Status ErrnoStatus(int error, std::string_view doing) {
  const std::string message = fmt::format("{}: {}", doing, ErrnoText(error));
  if (error == ENOENT) {
    return absl::NotFoundError(message);
  }
  if (error == EPERM || error == EACCES) {
    return absl::PermissionDeniedError(message);
  }
  return absl::InternalError(message);
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return NotFound("cannot read {}", path);
  }
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

absl::Status WriteText(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".new";
  RETURN_IF_ERROR(WriteTo(temporary, text, O_CREAT | O_TRUNC | O_NOFOLLOW));
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    return ErrnoStatus(errno, "cannot replace " + path);
  }
  return absl::OkStatus();
}

absl::Status WriteKernelFile(const std::string& path, std::string_view text) {
  return WriteTo(path, text, 0);
}

std::vector<std::string> ListFolder(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  absl::c_sort(names);
  return names;
}

bool Exists(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0;
}

absl::Status MakeFolders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return ErrnoStatus(error.value(), "cannot make folder " + path);
  }
  return absl::OkStatus();
}

absl::Status RemoveFolder(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) {
    return absl::OkStatus();
  }
  const std::vector<std::string> entries = Tree(path, info.st_dev);
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (remove(entry->c_str()) != 0 && errno != ENOENT) {
      return ErrnoStatus(errno, "cannot remove " + *entry);
    }
  }
  return absl::OkStatus();
}

}  // namespace fettle::lab
