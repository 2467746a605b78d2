// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/clone_layer.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "cli/lab/files.h"
#include "lib/base/status_macros.h"

namespace fettle::lab {
namespace {

std::string Join(const std::string& base, const std::string& mount_point, const std::string& path) {
  const std::string relative = mount_point == "/" ? path : path.substr(mount_point.size());
  return (base == "/" ? "" : base) + relative;
}

// Makes `upper` a folder with the owner and mode of `lower`, or root's with 0755 where the machine
// has none.
absl::Status MakeFolderLike(const std::string& upper, const std::string& lower) {
  struct stat info;
  const bool known = lstat(lower.c_str(), &info) == 0;
  if (known && !S_ISDIR(info.st_mode)) {
    return FailedPrecondition("{} is not a plain folder; a clone of this machine can't be made",
                              lower);
  }
  if (mkdir(upper.c_str(), 0755) != 0) {
    return errno == EEXIST ? absl::OkStatus() : ErrnoStatus(errno, "cannot make " + upper);
  }
  const mode_t mode = known ? (info.st_mode & 07777U) : 0755;
  if (chmod(upper.c_str(), mode) != 0 ||
      (known && chown(upper.c_str(), info.st_uid, info.st_gid) != 0)) {
    return ErrnoStatus(errno, "cannot set the owner of " + upper);
  }
  return absl::OkStatus();
}

}  // namespace

const Layer& CloneLayer::LayerOf(const std::string& path) const {
  const Layer* best = &layers_.front();
  for (const Layer& layer : layers_) {
    if (path.starts_with(layer.mount_point + "/")) {
      best = &layer;
    }
  }
  return *best;
}

std::string CloneLayer::LowerPath(const std::string& path) const {
  const Layer& layer = LayerOf(path);
  return Join(layer.lower, layer.mount_point, path);
}

absl::Status CloneLayer::MakeWay(const std::string& path, std::string* upper_path) const {
  const Layer& layer = LayerOf(path);
  *upper_path = Join(layer.upper, layer.mount_point, path);
  const std::size_t top = layer.mount_point == "/" ? 0 : layer.mount_point.size();
  for (std::size_t slash = path.find('/', top + 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    RETURN_IF_ERROR(MakeFolderLike(Join(layer.upper, layer.mount_point, folder),
                                   Join(layer.lower, layer.mount_point, folder)));
  }
  return RemoveFolder(*upper_path);
}

absl::Status CloneLayer::Write(const std::string& path, std::string_view content) const {
  std::string upper_path;
  RETURN_IF_ERROR(MakeWay(path, &upper_path));
  return WriteText(upper_path, content);
}

absl::Status CloneLayer::Link(const std::string& path, const std::string& target) const {
  std::string upper_path;
  RETURN_IF_ERROR(MakeWay(path, &upper_path));
  if (symlink(target.c_str(), upper_path.c_str()) != 0) {
    return ErrnoStatus(errno, "cannot make link " + upper_path);
  }
  return absl::OkStatus();
}

absl::Status CloneLayer::Hide(const std::string& path) const {
  if (!Exists(LowerPath(path))) {
    return absl::OkStatus();
  }
  std::string upper_path;
  RETURN_IF_ERROR(MakeWay(path, &upper_path));
  // The overlay's "whiteout": a character device numbered 0/0.
  if (mknod(upper_path.c_str(), S_IFCHR, makedev(0, 0)) != 0) {
    return ErrnoStatus(errno, fmt::format("cannot hide {} with {}", path, upper_path));
  }
  return absl::OkStatus();
}

std::vector<std::string> CloneLayer::List(const std::string& path) const {
  return ListFolder(LowerPath(path));
}

}  // namespace fettle::lab
