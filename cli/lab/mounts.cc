// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/mounts.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <set>

#include "absl/algorithm/container.h"

#include "cli/lab/files.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::lab {
namespace {

// Undoes the kernel's escapes \040 (blank), \011, \012 and \134.
std::string Unescape(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      const int code = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
      result.push_back(static_cast<char>(code));
      i += 3;
    } else {
      result.push_back(text[i]);
    }
  }
  return result;
}

bool IsAtOrBelow(std::string_view path, std::string_view folder) {
  return path == folder ||
         (path.starts_with(folder) && path.substr(folder.size()).starts_with('/'));
}

bool IsOnDisk(std::string_view type) {
  constexpr std::array<std::string_view, 8> kTypes = {
      "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "overlay"};
  return absl::c_linear_search(kTypes, type);
}

bool IsCloned(const Mount& mount) {
  constexpr std::array<std::string_view, 7> kFolders = {
      "/etc", "/home", "/opt", "/root", "/srv", "/usr", "/var"};
  return IsOnDisk(mount.type) && absl::c_any_of(kFolders, [&mount](std::string_view folder) {
           return IsAtOrBelow(mount.point, folder);
         });
}

std::string RootOf(const std::string& host_folder) {
  return host_folder + "/root";
}

absl::Status MakeLike(const std::string& path, const std::string& model) {
  struct stat info;
  if (lstat(model.c_str(), &info) != 0) {
    return ErrnoStatus(errno, "cannot look at " + model);
  }
  RETURN_IF_ERROR(MakeFolders(path));
  if (chown(path.c_str(), info.st_uid, info.st_gid) != 0 ||
      chmod(path.c_str(), info.st_mode & 07777U) != 0) {
    return ErrnoStatus(errno, "cannot set the owner of " + path);
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Mount> ParseMountInfo(std::string_view text) {
  std::vector<Mount> mounts;
  for (const std::string_view line : SplitLines(text)) {
    const std::vector<std::string_view> words = SplitWords(line);
    // The file system's type follows a lone hyphen, after any number of optional fields.
    const auto hyphen = absl::c_find(words, std::string_view("-"));
    constexpr std::size_t kPoint = 4;
    if (words.size() > kPoint && hyphen != words.end() && hyphen + 1 != words.end()) {
      mounts.push_back({.point = Unescape(words[kPoint]), .type = std::string(*(hyphen + 1))});
    }
  }
  return mounts;
}

absl::StatusOr<std::vector<Mount>> CurrentMounts() {
  ASSIGN_OR_RETURN(const std::string text, ReadText("/proc/self/mountinfo"));
  return ParseMountInfo(text);
}

std::vector<std::string> ClonedMountPoints(const std::vector<Mount>& mounts) {
  std::set<std::string> points = {"/"};
  for (const Mount& mount : mounts) {
    if (IsCloned(mount)) {
      points.insert(mount.point);
    }
  }
  return {points.begin(), points.end()};
}

std::vector<Layer> LayersOf(const std::string& host_folder,
                            const std::vector<std::string>& mount_points) {
  std::vector<Layer> layers;
  for (const std::string& point : mount_points) {
    const std::string folder = fmt::format("{}/disk/{}", host_folder, layers.size());
    layers.push_back({.mount_point = point,
                      .lower = point,
                      .upper = folder + "/upper",
                      .work = folder + "/work"});
  }
  return layers;
}

absl::Status MakeLayers(const std::string& host_folder, const std::vector<Layer>& layers) {
  const std::string disk = host_folder + "/disk";
  RETURN_IF_ERROR(MakeFolders(disk));
  if (mount("fettle-lab", disk.c_str(), "tmpfs", 0, "mode=0755") != 0) {
    return ErrnoStatus(errno, "cannot mount a tmpfs on " + disk);
  }
  for (const Layer& layer : layers) {
    RETURN_IF_ERROR(MakeFolders(layer.work));
    RETURN_IF_ERROR(MakeLike(layer.upper, layer.lower));
  }
  return absl::OkStatus();
}

absl::Status MountClone(const std::string& host_folder, const std::vector<Layer>& layers) {
  RETURN_IF_ERROR(MakeFolders(RootOf(host_folder)));
  ASSIGN_OR_RETURN(const std::vector<Mount> mounts, CurrentMounts());
  for (const Layer& layer : layers) {
    const std::string point =
        RootOf(host_folder) + (layer.mount_point == "/" ? "" : layer.mount_point);
    if (absl::c_any_of(mounts, [&point](const Mount& m) { return m.point == point; })) {
      continue;
    }
    const std::string options =
        fmt::format("lowerdir={},upperdir={},workdir={}", layer.lower, layer.upper, layer.work);
    if (mount("fettle-lab", point.c_str(), "overlay", 0, options.c_str()) != 0) {
      return ErrnoStatus(errno,
                         fmt::format("cannot mount an overlay over {} on {}", layer.lower, point));
    }
  }
  return absl::OkStatus();
}

absl::Status UnmountBelow(const std::string& folder) {
  ASSIGN_OR_RETURN(std::vector<Mount> mounts, CurrentMounts());
  absl::c_reverse(mounts);
  for (const Mount& mount : mounts) {
    if (!IsAtOrBelow(mount.point, folder)) {
      continue;
    }
    if (umount2(mount.point.c_str(), UMOUNT_NOFOLLOW) == 0 || errno == EINVAL || errno == ENOENT) {
      continue;
    }
    if (umount2(mount.point.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) != 0) {
      return ErrnoStatus(errno, "cannot unmount " + mount.point);
    }
  }
  return absl::OkStatus();
}

}  // namespace fettle::lab
