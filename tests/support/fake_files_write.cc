// SPDX-License-Identifier: Apache-2.0
// The writing half of FakeFiles.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lib/base/status_macros.h"
#include "lib/sys/place.h"
#include "tests/support/fake_files.h"

namespace fettle::testing {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;
using sys::FileKind;

}  // namespace

absl::Status FakeFiles::CheckWritable(const std::string& real) const {
  for (const std::string& prefix : read_only_) {
    if (real == prefix || prefix == "/" || real.starts_with(prefix + "/")) {
      return FailedPrecondition("{}: the file system at {} is read-only", real, prefix);
    }
  }
  if (const Node* const node = Raw(real); node != nullptr && node->immutable) {
    return FailedPrecondition("{}: is immutable (chattr -i to change it)", real);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> FakeFiles::Place(const std::string& path) const {
  ASSIGN_OR_RETURN(const std::string real, Resolve(path, false));
  const std::string parent = real.substr(0, std::max<std::size_t>(1, real.rfind('/')));
  const Node* const directory = Raw(parent);
  if (directory == nullptr || directory->kind != FileKind::kDirectory) {
    return NotFound("{}: No such directory", parent);
  }
  RETURN_IF_ERROR(CheckWritable(real));
  return real;
}

absl::Status FakeFiles::CheckExpected(const std::string& real,
                                      const std::optional<sys::FileStat>& expected) const {
  const Node* const node = Raw(real);
  const std::optional<sys::FileStat> now =
      node == nullptr ? std::nullopt : std::optional(StatOf(real, *node));
  if (now != expected) {
    return Aborted("{}: somebody changed it meanwhile", real);
  }
  return absl::OkStatus();
}

absl::Status FakeFiles::CheckReplaceable(const std::string& real,
                                         std::string_view content,
                                         const sys::ReplaceOptions& options) const {
  const Node* const node = Raw(real);
  const bool other =
      node != nullptr && (node->kind == FileKind::kLink || node->kind == FileKind::kOther);
  if (other && options.expected.has_value() && options.expected->kind == node->kind) {
    return CheckExpected(real, options.expected);
  }
  if (node != nullptr && node->kind != FileKind::kRegular) {
    return FailedPrecondition("{}: not a regular file", real);
  }
  if (node != nullptr && !options.in_place && StatOf(real, *node).links > 1) {
    return FailedPrecondition("{}: has several hard links", real);
  }
  if (node != nullptr && !options.in_place && devices_.contains(real)) {
    return FailedPrecondition("{}: is a mount point", real);
  }
  if (full_ && !content.empty()) {
    return FailedPrecondition("{}: no space left on device", real);
  }
  return CheckExpected(real, options.expected);
}

// The validator sees the complete new file under a temporary name, which never stays.
absl::Status FakeFiles::Validate(const std::string& real,
                                 std::string_view content,
                                 const sys::ReplaceOptions& options) {
  if (!options.validate) {
    return absl::OkStatus();
  }
  const std::size_t slash = real.rfind('/');
  const std::string temporary =
      fmt::format("{}/.{}.fettle~", real.substr(0, slash), real.substr(slash + 1));
  nodes_[temporary] =
      NewNode(FileKind::kRegular, {options.mode, options.uid, options.gid}, std::string(content));
  const absl::Status valid = options.validate(temporary);
  nodes_.erase(temporary);
  return valid;
}

absl::Status FakeFiles::Replace(const std::string& path,
                                std::string_view content,
                                const sys::ReplaceOptions& options) {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("Replace {}", path)));
  ASSIGN_OR_RETURN(const std::string real, Place(path));
  RETURN_IF_ERROR(CheckReplaceable(real, content, options));
  RETURN_IF_ERROR(Validate(real, content, options));
  RETURN_IF_ERROR(CheckExpected(real, options.expected));
  const FakeAccess access = {options.mode, options.uid, options.gid};
  Node* const node = Raw(real);
  if (node == nullptr || !options.in_place) {
    PutNode(real, NewNode(FileKind::kRegular, access, std::string(content)));
    calls_.Wrote();
    return absl::OkStatus();
  }
  node->text = content;
  node->access = access;
  Touch(node, true);
  calls_.Wrote();
  if (calls_.crashed()) {
    node->text.resize(content.size() / 2);  // Not crash-safe, as the interface says.
  }
  Sync(real);
  return absl::OkStatus();
}

absl::Status FakeFiles::Swap(const sys::FileReplacement& file) {
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("Replace {}", file.path)));
  ASSIGN_OR_RETURN(const std::string real, Place(file.path));
  RETURN_IF_ERROR(CheckReplaceable(real, file.content, file.options));
  const FakeAccess access = {file.options.mode, file.options.uid, file.options.gid};
  nodes_[real] = NewNode(FileKind::kRegular, access, file.content);
  calls_.Wrote();
  return absl::OkStatus();
}

// Each is renamed in turn; all are synced at the end, or none when the power goes before.
std::vector<absl::Status> FakeFiles::ReplaceAll(std::span<const sys::FileReplacement> files) {
  const Lock lock(calls_.mutex());
  std::vector<absl::Status> statuses;
  for (const sys::FileReplacement& file : files) {
    const bool alone = file.options.validate || file.options.in_place;
    statuses.push_back(alone ? Replace(file.path, file.content, file.options) : Swap(file));
  }
  for (std::size_t i = 0; i < files.size() && !calls_.crashed(); ++i) {
    if (const absl::StatusOr<std::string> real = Resolve(files[i].path, false);
        statuses[i].ok() && real.ok()) {
      Sync(*real);
    }
  }
  return statuses;
}

absl::Status FakeFiles::SetOwnership(const std::string& path,
                                     std::optional<uint32_t> uid,
                                     std::optional<uint32_t> gid,
                                     std::optional<uint32_t> mode) {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("SetOwnership {}", path)));
  ASSIGN_OR_RETURN(Node* const node, Find(path, false));
  ASSIGN_OR_RETURN(const std::string real, Place(path));
  if (node->kind == FileKind::kLink && mode.has_value()) {
    return FailedPrecondition("{}: a link has no mode", path);
  }
  node->access.uid = uid.value_or(node->access.uid);
  node->access.gid = gid.value_or(node->access.gid);
  node->access.mode = mode.value_or(node->access.mode);
  Touch(node, false);
  Sync(real);
  calls_.Wrote();
  return absl::OkStatus();
}

absl::Status FakeFiles::MakeDirectory(const std::string& path,
                                      uint32_t mode,
                                      uint32_t uid,
                                      uint32_t gid) {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("MakeDirectory {}", path)));
  ASSIGN_OR_RETURN(const std::string real, Place(path));
  if (Raw(real) != nullptr) {
    return FailedPrecondition("{}: File exists", path);
  }
  PutNode(real, NewNode(FileKind::kDirectory, {mode, uid, gid}, ""));
  calls_.Wrote();
  return absl::OkStatus();
}

absl::Status FakeFiles::MakeLink(const std::string& path, const std::string& target) {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("MakeLink {}", path)));
  if (target.empty()) {
    return InvalidArgument("{}: a link leads somewhere", path);
  }
  ASSIGN_OR_RETURN(const std::string real, Place(path));
  if (const Node* const node = Raw(real); node != nullptr && node->kind != FileKind::kLink) {
    return FailedPrecondition("{}: there is something else than a link", path);
  }
  PutNode(real, NewNode(FileKind::kLink, {0777, 0, 0}, target));
  calls_.Wrote();
  return absl::OkStatus();
}

absl::Status FakeFiles::MakeHardLink(const std::string& path, const std::string& existing) {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("MakeHardLink {}", path)));
  ASSIGN_OR_RETURN(const std::string real, Place(path));
  ASSIGN_OR_RETURN(const std::string real_existing, Resolve(existing, false));
  ASSIGN_OR_RETURN(const Node* const source, Find(existing, false));
  if (source->kind != FileKind::kRegular) {
    return FailedPrecondition("{}: is no regular file", existing);
  }
  if (const Node* const node = Raw(real); node != nullptr && node->kind != FileKind::kRegular) {
    return FailedPrecondition("{}: there is something else than a file", path);
  }
  PutNode(real, nodes_.at(real_existing));
  calls_.Wrote();
  return absl::OkStatus();
}

absl::Status FakeFiles::Remove(const std::string& path) {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("Remove {}", path)));
  const absl::Status there = Find(path, false).status();
  if (absl::IsNotFound(there)) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(there);
  ASSIGN_OR_RETURN(const std::string real, Place(path));
  if (!Below(real).empty()) {
    return FailedPrecondition("{}: Directory not empty", path);
  }
  if (devices_.contains(real)) {
    return FailedPrecondition("{}: is a mount point", path);
  }
  Delete(real);
  calls_.Wrote();
  return absl::OkStatus();
}

absl::StatusOr<std::size_t> FakeFiles::RemoveTemporaries(const std::string& directory) {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("RemoveTemporaries {}", directory)));
  const absl::StatusOr<std::string> real = Resolve(directory, true);
  if (absl::IsNotFound(real.status()) || (real.ok() && Raw(*real) == nullptr)) {
    return 0;
  }
  RETURN_IF_ERROR(real.status());
  std::size_t removed = 0;
  for (const std::string& path : Below(*real)) {
    const std::size_t slash = path.rfind('/');
    if (path.substr(0, slash == 0 ? 1 : slash) == *real &&
        sys::IsTemporaryName(path.substr(slash + 1))) {
      Delete(path);
      ++removed;
    }
  }
  calls_.Wrote();
  return removed;
}

absl::Status FakeFiles::RemoveTree(const std::string& path,
                                   uint64_t max_entries,
                                   Deadline deadline) {
  const Lock lock(calls_.mutex());
  RETURN_IF_ERROR(calls_.Begin(true, fmt::format("RemoveTree {}", path), deadline));
  const absl::Status there = Find(path, false).status();
  if (absl::IsNotFound(there)) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(there);
  ASSIGN_OR_RETURN(const std::string real, Place(path));
  if (Raw(real)->kind != FileKind::kDirectory) {
    return FailedPrecondition("{}: is no directory", path);
  }
  const std::vector<std::string> below = Below(real);
  if (below.size() + 1 > max_entries) {
    return FailedPrecondition(
        "{}: {} entries, more than the limit of {}", path, below.size() + 1, max_entries);
  }
  for (const auto& [mount, device] : devices_) {
    if (mount == real || mount.starts_with(real + "/")) {
      return FailedPrecondition("{}: {} is a mount point", path, mount);
    }
  }
  Delete(real);
  calls_.Wrote();
  return absl::OkStatus();
}

}  // namespace fettle::testing
