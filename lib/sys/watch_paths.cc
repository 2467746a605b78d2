// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/watch_paths.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::sys {
namespace {

constexpr int kMostLinks = 16;
// So many events of objects that are watched no more, and all marks are made anew without them.
constexpr std::size_t kMostStray = 256;

enum class There { kNothing, kDirectory, kLink, kOther };

There LookAt(const std::string& path) {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0) {
    return There::kNothing;
  }
  return S_ISDIR(status.st_mode)   ? There::kDirectory
         : S_ISLNK(status.st_mode) ? There::kLink
                                   : There::kOther;
}

// Where a link leads in the end; "" when nowhere.
std::string RealPath(const std::string& path) {
  char* const resolved = ::realpath(path.c_str(), nullptr);
  std::string real = resolved == nullptr ? "" : resolved;
  ::free(resolved);
  return real;
}

std::string Join(const std::string& directory, std::string_view name) {
  return (directory == "/" ? "" : directory) + "/" + std::string(name);
}

void AddOnce(std::size_t value, std::vector<std::size_t>* list) {
  if (list->empty() || list->back() != value) {
    if (std::find(list->begin(), list->end(), value) == list->end()) {
      list->push_back(value);
    }
  }
}

}  // namespace

PathWatch::PathWatch(const WatchMarks::Options& options) : marks_(options) {}

void PathWatch::Want(std::vector<std::string> paths) {
  paths_ = std::move(paths);
  Rearm();
}

void PathWatch::Rearm() {
  marks_.Reset();
  nodes_.clear();
  known_.clear();
  stray_ = 0;
  targets_.assign(paths_.size(), {});
  rearm_.assign(paths_.size(), false);
  arming_all_ = true;
  for (std::size_t target = 0; target < paths_.size(); ++target) {
    Arm(target);
  }
  arming_all_ = false;
  known_.clear();
}

bool PathWatch::Mark(const std::string& path,
                     uint32_t what,
                     const std::string& entry,
                     std::size_t target) {
  std::string key;
  const auto known = known_.find(path);
  if (known != known_.end() && (nodes_[known->second].what & what) == what) {
    key = known->second;
  } else {
    auto added = marks_.Add(path, what);
    if (absl::IsNotFound(added.status())) {
      return false;
    }
    if (!added.ok()) {
      targets_[target].status = added.status();
      return true;
    }
    key = *std::move(added);
    if (arming_all_) {
      known_[path] = key;
    }
  }
  const auto kept = nodes_.try_emplace(key).first;
  Node& node = kept->second;
  node.what |= what;
  if (what == WatchMarks::kEntries) {
    AddOnce(target, &node.entries[entry]);
    targets_[target].names_process = targets_[target].names_process && key.starts_with('f');
  }
  if (what == WatchMarks::kContent) {
    AddOnce(target, &node.content);
    targets_[target].names_process = targets_[target].names_process && key.starts_with('f');
  }
  AddOnce(target, &node.self);
  targets_[target].keys.push_back(&kept->first);
  return true;
}

// From the root to the path: directories on the way for their moving away, each directory that
// holds something that may come, go or be a link for that entry, and what is there for its content.
// Marked first and looked at afterwards, so that nothing slips in between.
void PathWatch::Arm(std::size_t target) {
  targets_[target].status = absl::OkStatus();
  targets_[target].names_process = true;
  std::string directory = "/";
  std::vector<std::string_view> names = Split(std::string_view(paths_[target]).substr(1), '/');
  int links = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string name(names[i]);
    const bool last = i + 1 == names.size();
    const std::string path = Join(directory, name);
    if (last) {
      (void)Mark(directory, WatchMarks::kEntries, name, target);
      (void)Mark(path, WatchMarks::kContent, "", target);
      return;
    }
    There there = LookAt(path);
    if (there == There::kDirectory && Mark(path, WatchMarks::kSelf, "", target)) {
      directory = path;
      continue;
    }
    (void)Mark(directory, WatchMarks::kEntries, name, target);
    there = LookAt(path);
    directory = there == There::kLink ? RealPath(path) : there == There::kDirectory ? path : "";
    if (directory.empty() || ++links > kMostLinks) {
      return;
    }
    (void)Mark(directory, WatchMarks::kSelf, "", target);
  }
}

void PathWatch::Renew(std::size_t target) {
  std::vector<std::string> keys;
  for (const std::string* const key : std::exchange(targets_[target].keys, {})) {
    keys.push_back(*key);
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  for (const std::string& key : keys) {
    const auto found = nodes_.find(key);
    if (found == nodes_.end()) {
      continue;
    }
    Node& node = found->second;
    std::erase(node.self, target);
    std::erase(node.content, target);
    for (auto entry = node.entries.begin(); entry != node.entries.end();) {
      std::erase(entry->second, target);
      entry = entry->second.empty() ? node.entries.erase(entry) : std::next(entry);
    }
  }
  Arm(target);
  for (const std::string& key : keys) {
    const auto found = nodes_.find(key);
    if (found != nodes_.end() && found->second.self.empty()) {
      nodes_.erase(found);
      marks_.Remove(key);
    }
  }
}

void PathWatch::Tell(const std::vector<std::size_t>& targets,
                     const WatchMarks::Event& event,
                     std::vector<PathEvent>* events) {
  for (const std::size_t target : targets) {
    events->push_back({target, event.change, event.pid});
  }
}

void PathWatch::Handle(const WatchMarks::Event& event, std::vector<PathEvent>* events) {
  bool known = false;
  const auto object = nodes_.find(event.object);
  if (!event.object.empty() && object != nodes_.end()) {
    known = true;
    const Node& node = object->second;
    if (!event.self_moved) {
      Tell(node.content, event, events);
    }
    for (std::size_t i = 0; event.self_moved && i < node.self.size(); ++i) {
      rearm_[node.self[i]] = true;
      // The going of the thing itself is told by its directory; that of a directory on the way to
      // it by nobody else. The inode of a file that was replaced goes after the new one came.
      if (std::find(node.content.begin(), node.content.end(), node.self[i]) == node.content.end()) {
        Tell({node.self[i]}, event, events);
      }
    }
  }
  const auto directory = nodes_.find(event.directory);
  if (!event.directory.empty() && directory != nodes_.end()) {
    const auto entry = directory->second.entries.find(event.name);
    // Its content is told of by its own mark.
    if (entry != directory->second.entries.end() &&
        (!known || event.change == PathChange::kGone || event.object.empty())) {
      Tell(entry->second, event, events);
      for (const std::size_t target : entry->second) {
        rearm_[target] = true;
      }
    }
    if (entry == directory->second.entries.end() && event.pid != 0) {
      events->push_back({PathEvent::kNeighbour, event.change, event.pid});
    }
    known = true;
  }
  stray_ += known || event.self_moved ? 0 : 1;
}

bool PathWatch::Read(std::vector<PathEvent>* events) {
  std::vector<WatchMarks::Event> raw;
  const bool lost = marks_.Read(&raw);
  for (const WatchMarks::Event& event : raw) {
    Handle(event, events);
  }
  if (lost || stray_ > kMostStray) {
    Rearm();
    return true;
  }
  for (std::size_t target = 0; target < rearm_.size(); ++target) {
    if (rearm_[target]) {
      rearm_[target] = false;
      Renew(target);
    }
  }
  return false;
}

}  // namespace fettle::sys
