// SPDX-License-Identifier: Apache-2.0
#include "lib/policy/load_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"

#include "lib/base/status_macros.h"

namespace fettle::policy {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxDepth = 64;

std::string ErrnoText(int error) {
  return std::generic_category().message(error);
}

bool IsVersionControl(std::string_view name) {
  return name == ".git" || name == ".hg" || name == ".svn";
}

// The names in `directory`, sorted, so that errors come in the same order everywhere.
absl::StatusOr<std::set<std::string>> Names(const std::string& directory) {
  std::error_code error;
  std::set<std::string> names;
  for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    names.insert(entry->path().filename().string());
    if (names.size() > kMaxFiles) {
      return FailedPrecondition("{}: a policy tree has at most {} files", directory, kMaxFiles);
    }
  }
  if (error) {
    return FailedPrecondition("cannot read directory {}: {}", directory, error.message());
  }
  return names;
}

absl::StatusOr<std::string> ReadAll(int fd, std::size_t size, const std::string& path) {
  std::string content(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t count = read(fd, content.data() + have, size - have);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return FailedPrecondition("cannot read {}: {}", path, ErrnoText(errno));
    }
    if (count == 0) {
      break;
    }
    have += static_cast<std::size_t>(count);
  }
  content.resize(have);
  return content;
}

absl::StatusOr<TreeFile> ReadFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    return FailedPrecondition("cannot open {}: {}", path, ErrnoText(errno));
  }
  const absl::Cleanup closer = [fd] { close(fd); };

  struct stat status {};

  if (fstat(fd, &status) != 0) {
    return FailedPrecondition("cannot look at {}: {}", path, ErrnoText(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return InvalidArgument("{} is not a regular file", path);
  }
  if (static_cast<uint64_t>(status.st_size) > kMaxFileBytes) {
    return FailedPrecondition("{} has {} bytes; a file of a policy tree has at most {}",
                              path,
                              status.st_size,
                              kMaxFileBytes);
  }
  TreeFile file;
  ASSIGN_OR_RETURN(file.content, ReadAll(fd, static_cast<std::size_t>(status.st_size), path));
  file.executable = (status.st_mode & S_IXUSR) != 0;
  return file;
}

// Loads one name of a directory: a file into the tree, a directory onto the list of what is left.
absl::Status LoadEntry(const std::string& root,
                       const std::string& relative,
                       std::vector<std::string>* pending,
                       Tree* tree) {
  RETURN_IF_ERROR(CheckPath(relative));
  const std::string path = root + "/" + relative;
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (error) {
    return FailedPrecondition("cannot look at {}: {}", path, error.message());
  }
  switch (status.type()) {
    case fs::file_type::directory:
      if (std::count(relative.begin(), relative.end(), '/') >= static_cast<int>(kMaxDepth)) {
        return FailedPrecondition("{} is more than {} directories deep", path, kMaxDepth);
      }
      pending->push_back(relative);
      return absl::OkStatus();
    case fs::file_type::regular: {
      ASSIGN_OR_RETURN(TreeFile file, ReadFile(path));
      return tree->Add(relative, std::move(file.content), file.executable);
    }
    case fs::file_type::symlink:
      return InvalidArgument(
          "{} is a symbolic link; a policy tree holds files only, put a copy in its place", path);
    default:
      return InvalidArgument("{} is a device, socket or pipe; a policy tree holds files only",
                             path);
  }
}

}  // namespace

absl::StatusOr<Tree> LoadTree(const std::string& directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error)) {
    return NotFound("{} is no directory with a policy tree", directory);
  }
  Tree tree;
  std::vector<std::string> pending = {""};
  while (!pending.empty()) {
    const std::string at = std::move(pending.back());
    pending.pop_back();
    ASSIGN_OR_RETURN(const std::set<std::string> names,
                     Names(at.empty() ? directory : directory + "/" + at));
    for (const std::string& name : names) {
      if (!IsVersionControl(name)) {
        RETURN_IF_ERROR(LoadEntry(directory, at.empty() ? name : at + "/" + name, &pending, &tree));
      }
    }
  }
  return tree;
}

}  // namespace fettle::policy
