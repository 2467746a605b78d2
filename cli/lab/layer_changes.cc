// SPDX-License-Identifier: Apache-2.0
#include "cli/lab/layer_changes.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "cli/lab/files.h"
#include "lib/base/status_macros.h"

namespace fettle::lab {
namespace {

using Iterator = std::filesystem::recursive_directory_iterator;

std::optional<struct stat> StatOf(const std::string& path) {
  struct stat info {};

  return lstat(path.c_str(), &info) == 0 ? std::optional(info) : std::nullopt;
}

bool IsWhiteout(const struct stat& info) {
  return S_ISCHR(info.st_mode) && major(info.st_rdev) == 0 && minor(info.st_rdev) == 0;
}

bool SameContent(const std::string& a, const std::string& b) {
  std::error_code error;
  const auto link_a = std::filesystem::read_symlink(a, error);
  if (!error) {
    return link_a == std::filesystem::read_symlink(b, error);
  }
  return ReadText(a).value_or("a") == ReadText(b).value_or("b");
}

// The change that the upper entry is to the lower one; nullopt when they are alike.
std::optional<std::string> Compare(const std::string& upper, const std::string& lower) {
  const auto now = StatOf(upper);
  const auto was = StatOf(lower);
  if (!now.has_value()) {
    return std::nullopt;
  }
  if (IsWhiteout(*now)) {
    return was.has_value() ? std::optional("removed") : std::nullopt;
  }
  if (!was.has_value()) {
    return "added";
  }
  const bool same_access =
      now->st_mode == was->st_mode && now->st_uid == was->st_uid && now->st_gid == was->st_gid;
  const bool same = same_access && (S_ISDIR(now->st_mode) ||
                                    (now->st_size == was->st_size && SameContent(upper, lower)));
  return same ? std::nullopt : std::optional("changed");
}

std::string Join(const std::string& point, const std::string& rest) {
  return point == "/" ? rest : point + rest;
}

template <typename Visit>
void Walk(const Layer& layer, const Visit& visit) {
  std::error_code error;
  Iterator at(layer.upper, std::filesystem::directory_options::skip_permission_denied, error);
  for (; !error && at != Iterator(); at.increment(error)) {
    const std::string upper = at->path().string();
    const std::string rest = upper.substr(layer.upper.size());
    const auto info = StatOf(upper);
    if (info.has_value()) {
      visit(upper, rest, *info);
    }
  }
}

LayerEntry EntryOf(const struct stat& info) {
  return {static_cast<uint64_t>(info.st_ino),
          int64_t{info.st_ctim.tv_sec} * 1'000'000'000 + info.st_ctim.tv_nsec,
          IsWhiteout(info)};
}

}  // namespace

LayerSnapshot TakeSnapshot(const std::vector<Layer>& layers) {
  LayerSnapshot snapshot;
  for (const Layer& layer : layers) {
    Walk(layer, [&](const std::string& /*upper*/, const std::string& rest, const auto& info) {
      snapshot[Join(layer.mount_point, rest)] = EntryOf(info);
    });
  }
  return snapshot;
}

std::vector<FileChange> ChangesSince(const LayerSnapshot& before,
                                     const std::vector<Layer>& layers) {
  std::vector<FileChange> changes;
  LayerSnapshot now;
  for (const Layer& layer : layers) {
    Walk(layer, [&](const std::string& upper, const std::string& rest, const auto& info) {
      const std::string path = Join(layer.mount_point, rest);
      now[path] = EntryOf(info);
      const auto old = before.find(path);
      const bool was_gone = old != before.end() && old->second.gone;
      if (old != before.end() && (old->second == now[path] || (was_gone && now[path].gone))) {
        return;  // A mark may have been taken away and put back.
      }
      const std::string lower = Join(layer.lower, rest);
      if (auto change = Compare(upper, lower); change.has_value()) {
        changes.push_back({path, *std::move(change)});
      }
    });
  }
  // What the clone had of its own and was removed without a trace.
  for (const auto& [path, entry] : before) {
    if (!now.contains(path)) {
      changes.push_back({path, "removed"});
    }
  }
  std::sort(changes.begin(), changes.end(), [](const FileChange& a, const FileChange& b) {
    return a.path < b.path;
  });
  return changes;
}

bool IsBookkeeping(const std::string& path) {
  constexpr std::array<std::string_view, 12> kBelow = {"/var/log/",
                                                       "/var/cache/",
                                                       "/var/lib/dpkg/",
                                                       "/var/lib/apt/",
                                                       "/var/lib/systemd/",
                                                       "/var/lib/PackageKit/",
                                                       "/var/lib/private/",
                                                       "/var/tmp/",
                                                       "/tmp/",
                                                       "/run/",
                                                       "/var/backups/",
                                                       "/etc/ld.so.cache"};
  return std::any_of(kBelow.begin(), kBelow.end(), [&path](std::string_view folder) {
    return path.starts_with(folder);
  });
}

}  // namespace fettle::lab
