// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/leftovers.h"

#include <string_view>

namespace fettle::engine {
namespace {

constexpr int kMostLinks = 8;

std::string FolderOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

// `path` and, while that is a link, what it leads to.
void AddFolders(std::string path, const sys::HostReader& host, std::vector<std::string>* folders) {
  for (int links = 0; links <= kMostLinks && path.starts_with('/'); ++links) {
    folders->push_back(FolderOf(path));
    const absl::StatusOr<sys::FileStat> stat = host.files().Stat(path);
    if (!stat.ok() || stat->kind != sys::FileKind::kLink) {
      return;
    }
    const absl::StatusOr<std::string> target = host.files().ReadLink(path);
    if (!target.ok()) {
      return;
    }
    path = target->starts_with('/') ? *target : FolderOf(path) + "/" + *target;
  }
}

}  // namespace

std::vector<std::string> FoldersOf(const resource::Footprint& footprint,
                                   const sys::HostReader& host) {
  std::vector<std::string> folders;
  const auto add = [&](const std::vector<std::string>& things, std::string_view prefix) {
    for (const std::string& thing : things) {
      if (thing.starts_with(prefix)) {
        AddFolders(thing.substr(prefix.size()), host, &folders);
      }
    }
  };
  add(footprint.owns, "path:");
  add(footprint.needs, "content:");
  return folders;
}

void RemoveLeftovers(const journal::Knowledge& knowledge, sys::Host& host) {
  for (const std::string& folder : knowledge.folders()) {
    (void)host.write_files().RemoveTemporaries(folder);
  }
}

}  // namespace fettle::engine
