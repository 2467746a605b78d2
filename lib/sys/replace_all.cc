// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/replace_all.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <string_view>

#include "lib/base/parallel.h"
#include "lib/base/status_macros.h"
#include "lib/sys/atomic_replace.h"
#include "lib/sys/errno.h"

namespace fettle::sys {
namespace {

// So many directories are held open at once, one a file, whatever the limit on descriptors.
constexpr std::size_t kMostOpen = 256;

struct Slot {
  std::optional<Replacement> replacement;  // Empty: replaced by itself, or it has failed.
  absl::Status status;
};

// A directory of some of the files.
struct Folder {
  int fd = -1;
  dev_t device = 0;
  std::vector<Slot*> slots;
};

bool GoesAlone(const FileReplacement& file) {
  return file.options.validate || (file.options.in_place && file.options.expected.has_value());
}

std::string_view ParentOf(std::string_view path) {
  return path.substr(0, path.rfind('/'));
}

void Stage(const FileReplacement& file, bool few, Slot* slot) {
  absl::StatusOr<Replacement> begun = Replacement::Begin(file.path, file.options);
  slot->status = begun.status();
  if (!begun.ok()) {
    return;
  }
  slot->replacement.emplace(*std::move(begun));
  slot->status = slot->replacement->Stage(file.content);
  if (slot->status.ok() && few) {
    slot->status = slot->replacement->SyncContent();
  }
  if (!slot->status.ok()) {
    slot->replacement.reset();  // Its temporary goes.
  } else {
    slot->replacement->CloseFiles();
  }
}

std::vector<Folder> FoldersOf(std::span<const FileReplacement> files, std::vector<Slot>* slots) {
  std::map<std::string_view, std::size_t> by_path;
  std::vector<Folder> folders;
  for (std::size_t i = 0; i < files.size(); ++i) {
    Slot& slot = (*slots)[i];
    if (!slot.replacement.has_value()) {
      continue;
    }
    const auto [at, is_new] = by_path.emplace(ParentOf(files[i].path), folders.size());
    if (is_new) {
      struct stat found {};

      folders.push_back({slot.replacement->directory(), 0, {}});
      folders.back().device = fstat(folders.back().fd, &found) == 0 ? found.st_dev : 0;
    }
    folders[at->second].slots.push_back(&slot);
  }
  return folders;
}

void FailAll(const Folder& folder, const absl::Status& status) {
  for (Slot* slot : folder.slots) {
    if (slot->status.ok()) {
      slot->status = status;
      slot->replacement.reset();
    }
  }
}

// One sync for each file system.
void SyncFileSystems(const std::vector<Folder>& folders) {
  std::map<dev_t, int> errors;
  for (const Folder& folder : folders) {
    const auto [at, is_new] = errors.emplace(folder.device, 0);
    if (is_new) {
      at->second = syncfs(folder.fd) == 0 ? 0 : errno;
    }
    if (at->second != 0) {
      FailAll(folder, ErrnoStatus(at->second, "sync the file system of", "the new files"));
    }
  }
}

void SyncDirectories(const std::vector<Folder>& folders) {
  for (const Folder& folder : folders) {
    // EINVAL: a file system without directory sync; nothing to be had.
    if (fsync(folder.fd) != 0 && errno != EINVAL) {
      FailAll(folder, ErrnoStatus(errno, "sync the directory of", "the new files"));
    }
  }
}

std::string_view DirectoryOf(std::string_view path) {
  return path.substr(0, path.rfind('/'));
}

// Making files in one directory takes that directory's lock: a second thread would only spin for
// it.
std::size_t StagingThreads(std::span<const FileReplacement> files) {
  const std::string_view first = DirectoryOf(files.front().path);
  const bool one = std::all_of(files.begin(), files.end(), [&](const FileReplacement& file) {
    return DirectoryOf(file.path) == first;
  });
  return one || files.size() <= kFewFiles ? 1 : UsefulThreads();
}

void ReplaceSome(std::span<const FileReplacement> files,
                 const std::function<absl::Status(std::size_t)>& alone,
                 std::vector<Slot>* slots) {
  const bool few = files.size() <= kFewFiles;
  ParallelFor(files.size(), StagingThreads(files), [&](std::size_t i) {
    if (!GoesAlone(files[i])) {
      Stage(files[i], few, &(*slots)[i]);
    }
  });
  const std::vector<Folder> folders = FoldersOf(files, slots);
  if (!few) {
    SyncFileSystems(folders);
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    Slot& slot = (*slots)[i];
    if (GoesAlone(files[i])) {
      slot.status = alone(i);
    } else if (slot.status.ok()) {
      slot.status = slot.replacement->Swap();
    }
  }
  if (folders.size() <= kFewFiles) {
    SyncDirectories(folders);
  } else {
    SyncFileSystems(folders);
  }
}

}  // namespace

std::vector<absl::Status> ReplaceFiles(std::span<const FileReplacement> files,
                                       const std::function<absl::Status(std::size_t)>& alone) {
  std::vector<absl::Status> statuses;
  statuses.reserve(files.size());
  for (std::size_t first = 0; first < files.size(); first += kMostOpen) {
    const std::size_t count = std::min(kMostOpen, files.size() - first);
    std::vector<Slot> slots(count);
    ReplaceSome(
        files.subspan(first, count),
        [&alone, first](std::size_t i) { return alone(first + i); },
        &slots);
    for (Slot& slot : slots) {
      statuses.push_back(std::move(slot.status));
    }
  }
  return statuses;
}

}  // namespace fettle::sys
