// SPDX-License-Identifier: Apache-2.0
// The looking half of FakeFiles, and what tests do to it behind everybody's back.
#include "tests/support/fake_files.h"

#include <cstdlib>
#include <deque>
#include <iostream>
#include <utility>

#include <fmt/format.h>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::testing {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;
using sys::FileKind;

constexpr int kMostLinks = 40;  // As Linux: more is ELOOP.

std::string Parent(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::deque<std::string> Components(std::string_view path) {
  std::deque<std::string> parts;
  for (const std::string_view part : Split(path, '/')) {
    if (!part.empty() && part != ".") {
      parts.emplace_back(part);
    }
  }
  return parts;
}

std::string_view KindWord(FileKind kind) {
  switch (kind) {
    case FileKind::kRegular:
      return "file";
    case FileKind::kDirectory:
      return "directory";
    case FileKind::kLink:
      return "link";
    case FileKind::kOther:
      break;
  }
  return "other";
}

}  // namespace

FakeFiles::FakeFiles(FakeCalls& calls, FakeClock& clock) : calls_(calls), clock_(clock) {
  nodes_["/"] = NewNode(FileKind::kDirectory, {0755, 0, 0}, "");
  Sync("/");
}

FakeFiles::NodePtr FakeFiles::NewNode(FileKind kind, const FakeAccess& access, std::string text) {
  auto node = std::make_shared<Node>();
  node->kind = kind;
  node->access = access;
  node->inode = ++last_inode_;
  node->text = std::move(text);
  Touch(node.get(), true);
  return node;
}

void FakeFiles::Touch(Node* node, bool content) {
  clock_.Advance(absl::Microseconds(1));  // So that no two changes have the same time.
  node->changed_ns = absl::ToUnixNanos(clock_.Now());
  if (content) {
    node->modified_ns = node->changed_ns;
  }
}

void FakeFiles::PutNode(const std::string& path, NodePtr node) {
  if (path != "/" && Raw(Parent(path)) == nullptr) {
    PutDirectory(Parent(path));
  }
  nodes_[path] = std::move(node);
  Sync(path);
}

// Copies what is at `path` (or that nothing is) to the synced tree, names of the same inode alike.
void FakeFiles::Sync(const std::string& path) {
  if (unsynced_) {
    return;
  }
  const Node* const node = Raw(path);
  if (node == nullptr) {
    synced_.erase(path);
    return;
  }
  for (const auto& [name, synced] : synced_) {
    if (synced->inode == node->inode) {
      *synced = *node;
      synced_[path] = synced;
      return;
    }
  }
  synced_[path] = std::make_shared<Node>(*node);
}

void FakeFiles::DropUnsynced() {
  const Lock lock(calls_.mutex());
  nodes_.clear();
  std::map<uint64_t, NodePtr> by_inode;
  for (const auto& [path, node] : synced_) {
    NodePtr& copy = by_inode[node->inode];
    if (copy == nullptr) {
      copy = std::make_shared<Node>(*node);
    }
    nodes_[path] = copy;
  }
}

void FakeFiles::PutFile(const std::string& path,
                        std::string_view content,
                        std::optional<FakeAccess> access) {
  const Lock lock(calls_.mutex());
  Node* const node = Raw(path);
  if (node == nullptr || node->kind != FileKind::kRegular) {
    PutNode(path, NewNode(FileKind::kRegular, access.value_or(FakeAccess{}), std::string(content)));
    return;
  }
  node->text = content;
  node->access = access.value_or(node->access);
  Touch(node, true);
  Sync(path);
}

void FakeFiles::PutDirectory(const std::string& path, const FakeAccess& access) {
  const Lock lock(calls_.mutex());
  PutNode(path, NewNode(FileKind::kDirectory, access, ""));
}

void FakeFiles::PutLink(const std::string& path, const std::string& target) {
  const Lock lock(calls_.mutex());
  PutNode(path, NewNode(FileKind::kLink, {0777, 0, 0}, target));
}

void FakeFiles::PutHardLink(const std::string& path, const std::string& existing) {
  const Lock lock(calls_.mutex());
  const auto found = nodes_.find(existing);
  if (found == nodes_.end()) {
    std::cerr << "FakeFiles::PutHardLink: nothing at " << existing << "\n";
    std::abort();
  }
  PutNode(path, found->second);
}

void FakeFiles::PutOther(const std::string& path) {
  const Lock lock(calls_.mutex());
  PutNode(path, NewNode(FileKind::kOther, {0600, 0, 0}, ""));
}

void FakeFiles::SetAccess(const std::string& path, const FakeAccess& access) {
  const Lock lock(calls_.mutex());
  Node* const node = Raw(path);
  if (node == nullptr) {
    std::cerr << "FakeFiles::SetAccess: nothing at " << path << "\n";
    std::abort();
  }
  node->access = access;
  Touch(node, false);
  Sync(path);
}

void FakeFiles::Delete(const std::string& path) {
  const Lock lock(calls_.mutex());
  std::vector<std::string> gone = Below(path);
  gone.push_back(path);
  for (const std::string& one : gone) {
    nodes_.erase(one);
    devices_.erase(one);
    Sync(one);
  }
}

void FakeFiles::ReplaceInode(const std::string& path) {
  const Lock lock(calls_.mutex());
  const Node* const node = Raw(path);
  if (node != nullptr) {
    PutNode(path, NewNode(node->kind, node->access, node->text));
  }
}

void FakeFiles::Mount(const std::string& path) {
  const Lock lock(calls_.mutex());
  devices_[path] = devices_.size() + 2;
}

void FakeFiles::SetImmutable(const std::string& path, bool immutable) {
  const Lock lock(calls_.mutex());
  if (Node* const node = Raw(path); node != nullptr) {
    node->immutable = immutable;
    Sync(path);
  }
}

void FakeFiles::SetReadOnly(const std::string& path) {
  const Lock lock(calls_.mutex());
  read_only_.insert(path);
}

void FakeFiles::SetFull(bool full) {
  const Lock lock(calls_.mutex());
  full_ = full;
}

std::optional<std::string> FakeFiles::Content(const std::string& path) const {
  const Lock lock(calls_.mutex());
  const Node* const node = Raw(path);
  if (node == nullptr || node->kind != FileKind::kRegular) {
    return std::nullopt;
  }
  return node->text;
}

std::optional<FakeAccess> FakeFiles::Access(const std::string& path) const {
  const Lock lock(calls_.mutex());
  const Node* const node = Raw(path);
  return node == nullptr ? std::nullopt : std::optional(node->access);
}

bool FakeFiles::Exists(const std::string& path) const {
  const Lock lock(calls_.mutex());
  return Raw(path) != nullptr;
}

std::map<std::string, std::string> FakeFiles::Everything() const {
  const Lock lock(calls_.mutex());
  std::map<std::string, std::string> all;
  for (const auto& [path, node] : nodes_) {
    all[path] = fmt::format("{} {:04o} {}:{} {}",
                            KindWord(node->kind),
                            node->access.mode,
                            node->access.uid,
                            node->access.gid,
                            node->text);
  }
  return all;
}

FakeFiles::Node* FakeFiles::Raw(const std::string& path) const {
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? nullptr : found->second.get();
}

absl::StatusOr<std::string> FakeFiles::Resolve(const std::string& path, bool follow_final) const {
  if (path.empty() || path[0] != '/') {
    return InvalidArgument("{}: not an absolute path", path);
  }
  std::string real;  // "" is the root.
  std::deque<std::string> todo = Components(path);
  int links = 0;
  while (!todo.empty()) {
    const std::string part = std::move(todo.front());
    todo.pop_front();
    if (part == "..") {
      real.resize(real.empty() ? 0 : real.rfind('/'));
      continue;
    }
    std::string next = fmt::format("{}/{}", real, part);
    const Node* const node = Raw(next);
    if (node != nullptr && node->kind == FileKind::kLink && (follow_final || !todo.empty())) {
      if (++links > kMostLinks) {
        return FailedPrecondition("{}: Too many levels of symbolic links", path);
      }
      const std::deque<std::string> target = Components(node->text);
      todo.insert(todo.begin(), target.begin(), target.end());
      real = node->text.starts_with('/') ? "" : real;
      continue;
    }
    if (!todo.empty() && (node == nullptr || node->kind != FileKind::kDirectory)) {
      return NotFound("{}: No such file or directory", path);
    }
    real = std::move(next);
  }
  return real.empty() ? "/" : real;
}

absl::StatusOr<FakeFiles::Node*> FakeFiles::Find(const std::string& path, bool follow_final) const {
  ASSIGN_OR_RETURN(const std::string real, Resolve(path, follow_final));
  Node* const node = Raw(real);
  if (node == nullptr) {
    return NotFound("{}: No such file or directory", path);
  }
  return node;
}

std::vector<std::string> FakeFiles::Below(const std::string& real) const {
  const std::string prefix = real == "/" ? "/" : real + "/";
  std::vector<std::string> below;
  for (auto at = nodes_.upper_bound(prefix); at != nodes_.end() && at->first.starts_with(prefix);
       ++at) {
    below.push_back(at->first);
  }
  return below;
}

sys::FileStat FakeFiles::StatOf(const std::string& real, const Node& node) const {
  sys::FileStat stat;
  stat.kind = node.kind;
  stat.mode = node.access.mode;
  stat.uid = node.access.uid;
  stat.gid = node.access.gid;
  stat.links = 0;
  for (const auto& [path, other] : nodes_) {
    stat.links += other.get() == &node ? 1 : 0;
  }
  stat.device = 1;
  for (std::string at = real;; at = Parent(at)) {
    if (const auto mount = devices_.find(at); mount != devices_.end()) {
      stat.device = mount->second;
      break;
    }
    if (at == "/") {
      break;
    }
  }
  stat.inode = node.inode;
  stat.size = node.kind == FileKind::kDirectory ? 4096 : node.text.size();
  stat.modified_ns = node.modified_ns;
  stat.changed_ns = node.changed_ns;
  return stat;
}

absl::StatusOr<sys::FileStat> FakeFiles::Stat(const std::string& path) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("Stat {}", path)));
  ASSIGN_OR_RETURN(const std::string real, Resolve(path, false));
  ASSIGN_OR_RETURN(const Node* const node, Find(path, false));
  return StatOf(real, *node);
}

absl::StatusOr<std::string> FakeFiles::Read(const std::string& path, uint64_t max_bytes) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("Read {}", path)));
  ASSIGN_OR_RETURN(const Node* const node, Find(path, true));
  if (node->kind != FileKind::kRegular) {
    return FailedPrecondition("{}: not a regular file", path);
  }
  if (node->text.size() > max_bytes) {
    return FailedPrecondition("{}: larger than {} bytes", path, max_bytes);
  }
  return node->text;
}

absl::StatusOr<Digest> FakeFiles::ContentDigest(const std::string& path, Deadline deadline) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("ContentDigest {}", path), deadline));
  ASSIGN_OR_RETURN(const Node* const node, Find(path, true));
  if (node->kind != FileKind::kRegular) {
    return FailedPrecondition("{}: not a regular file", path);
  }
  return Sha256(node->text);
}

// As the real host, which asks no more of the kernel for a file whose state it knows.
absl::StatusOr<Digest> FakeFiles::DigestOf(const std::string& path,
                                           const sys::FileStat& /*seen*/,
                                           Deadline deadline) const {
  return ContentDigest(path, deadline);
}

absl::StatusOr<std::string> FakeFiles::ReadLink(const std::string& path) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("ReadLink {}", path)));
  ASSIGN_OR_RETURN(const Node* const node, Find(path, false));
  if (node->kind != FileKind::kLink) {
    return FailedPrecondition("{}: not a symbolic link", path);
  }
  return node->text;
}

absl::StatusOr<std::vector<std::string>> FakeFiles::List(const std::string& path) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("List {}", path)));
  ASSIGN_OR_RETURN(const std::string real, Resolve(path, true));
  ASSIGN_OR_RETURN(const Node* const node, Find(path, true));
  if (node->kind != FileKind::kDirectory) {
    return FailedPrecondition("{}: not a directory", path);
  }
  std::vector<std::string> names;
  const std::size_t skip = real == "/" ? 1 : real.size() + 1;
  for (const std::string& below : Below(real)) {
    if (below.find('/', skip) == std::string::npos) {
      names.push_back(below.substr(skip));
    }
  }
  return names;
}

absl::StatusOr<bool> FakeFiles::IsMountPoint(const std::string& path) const {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(false, fmt::format("IsMountPoint {}", path)));
  ASSIGN_OR_RETURN(const std::string real, Resolve(path, false));
  RETURN_IF_ERROR(Find(path, false).status());
  return real == "/" || devices_.contains(real);
}

}  // namespace fettle::testing
