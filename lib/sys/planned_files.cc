// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/planned_files.h"

#include <algorithm>
#include <set>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::sys {
namespace {

constexpr uint64_t kMostContent = 64 << 20;
constexpr int kMostLinks = 40;

std::string ParentOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string Join(const std::string& folder, std::string_view name) {
  return folder == "/" ? fmt::format("/{}", name) : fmt::format("{}/{}", folder, name);
}

std::string Octal(uint32_t mode) {
  return fmt::format("{:04o}", mode);
}

}  // namespace

void PlannedFiles::Bring(const std::string& path,
                         const FileStat& stat,
                         std::string target,
                         Loader content) {
  nodes_[Resolve(path)] = {
      .gone = false, .stat = stat, .target = std::move(target), .content = std::move(content)};
}

bool PlannedFiles::Has(const std::string& path) const {
  const Node* node = Find(PathOf(path));
  return node != nullptr && !node->gone;
}

const PlannedFiles::Node* PlannedFiles::Find(const std::string& path) const {
  if (nodes_.empty()) {
    return nullptr;
  }
  const auto at = nodes_.find(path);
  if (at != nodes_.end()) {
    world_.Rely(Confidence::kPredicted);
    return &at->second;
  }
  // Below something that is gone there is nothing, unless it was made anew.
  for (std::string above = ParentOf(path); above.size() > 1; above = ParentOf(above)) {
    const auto parent = nodes_.find(above);
    if (parent != nodes_.end()) {
      if (parent->second.gone) {
        world_.Rely(Confidence::kPredicted);
        return &parent->second;
      }
      return nullptr;
    }
  }
  return nullptr;
}

std::string PlannedFiles::PathOf(const std::string& path, bool follow_last) const {
  return nodes_.empty() ? path : Resolve(path, follow_last);
}

std::string PlannedFiles::Resolve(const std::string& path, bool follow_last) const {
  std::vector<std::string> rest;
  for (const std::string_view part : Split(path, '/')) {
    rest.emplace_back(part);
  }
  std::reverse(rest.begin(), rest.end());
  std::string done = "/";
  int links = 0;
  while (!rest.empty()) {
    const std::string part = std::move(rest.back());
    rest.pop_back();
    if (part.empty() || part == ".") {
      continue;
    }
    if (part == "..") {
      done = ParentOf(done);
      continue;
    }
    const std::string next = Join(done, part);
    const bool last = rest.empty() && !follow_last;
    const absl::StatusOr<FileStat> stat = last ? NotFound("last") : StatResolved(next);
    const bool link = stat.ok() && stat->kind == FileKind::kLink && ++links <= kMostLinks;
    if (!link) {
      done = next;
      continue;
    }
    const Node* node = Find(next);
    const std::string target = node != nullptr ? node->target : base_.ReadLink(next).value_or(part);
    done = target.starts_with('/') ? "/" : done;
    std::vector<std::string> more;
    for (const std::string_view step : Split(target, '/')) {
      more.emplace_back(step);
    }
    rest.insert(rest.end(), more.rbegin(), more.rend());
  }
  return done;
}

absl::StatusOr<FileStat> PlannedFiles::StatResolved(const std::string& path) const {
  const Node* node = Find(path);
  if (node == nullptr) {
    return base_.Stat(path);
  }
  if (node->gone) {
    return NotFound("{}: would not be there", path);
  }
  return node->stat;
}

absl::StatusOr<FileStat> PlannedFiles::Stat(const std::string& path) const {
  return StatResolved(PathOf(path));
}

absl::StatusOr<std::string> PlannedFiles::Read(const std::string& path, uint64_t max_bytes) const {
  const std::string resolved = PathOf(path, true);
  const Node* node = Find(resolved);
  if (node == nullptr) {
    return base_.Read(resolved, max_bytes);
  }
  if (node->gone) {
    return NotFound("{}: would not be there", path);
  }
  if (node->stat.kind != FileKind::kRegular) {
    return FailedPrecondition("{}: would be no regular file", path);
  }
  if (node->content == nullptr) {
    return base_.Read(resolved, max_bytes);
  }
  ASSIGN_OR_RETURN(std::string content, node->content(max_bytes));
  if (content.size() > max_bytes) {
    return FailedPrecondition("{}: is larger than {} bytes", path, max_bytes);
  }
  return content;
}

absl::StatusOr<Digest> PlannedFiles::ContentDigest(const std::string& path,
                                                   Deadline deadline) const {
  const std::string resolved = PathOf(path, true);
  if (const Node* node = Find(resolved); node == nullptr) {
    return base_.ContentDigest(resolved, deadline);
  }
  ASSIGN_OR_RETURN(const std::string content, Read(path, kMostContent));
  return Sha256(content);
}

absl::StatusOr<Digest> PlannedFiles::DigestOf(const std::string& path,
                                              const FileStat& seen,
                                              Deadline deadline) const {
  const std::string resolved = PathOf(path, true);
  return Find(resolved) == nullptr ? base_.DigestOf(resolved, seen, deadline)
                                   : ContentDigest(path, deadline);
}

absl::StatusOr<std::string> PlannedFiles::ReadLink(const std::string& path) const {
  const std::string resolved = PathOf(path);
  const Node* node = Find(resolved);
  if (node == nullptr) {
    return base_.ReadLink(resolved);
  }
  if (node->gone) {
    return NotFound("{}: would not be there", path);
  }
  if (node->stat.kind != FileKind::kLink) {
    return FailedPrecondition("{}: would be no symbolic link", path);
  }
  return node->target;
}

absl::StatusOr<std::vector<std::string>> PlannedFiles::List(const std::string& path) const {
  const std::string folder = PathOf(path, true);
  ASSIGN_OR_RETURN(const FileStat stat, StatResolved(folder));
  if (stat.kind != FileKind::kDirectory) {
    return FailedPrecondition("{}: would be no directory", path);
  }
  std::set<std::string> names;
  const Node* own = Find(folder);
  const absl::StatusOr<std::vector<std::string>> below = base_.List(folder);
  if (below.ok()) {
    names.insert(below->begin(), below->end());
  } else if (own == nullptr) {
    return below.status();
  }
  for (const std::string& name : std::vector<std::string>(names.begin(), names.end())) {
    if (const Node* node = Find(Join(folder, name)); node != nullptr && node->gone) {
      names.erase(name);
    }
  }
  for (const auto& [other, node] : nodes_) {
    if (!node.gone && ParentOf(other) == folder) {
      names.insert(other.substr(other.rfind('/') + 1));
    }
  }
  return std::vector<std::string>(names.begin(), names.end());
}

absl::StatusOr<bool> PlannedFiles::IsMountPoint(const std::string& path) const {
  const absl::StatusOr<bool> mounted = base_.IsMountPoint(path);
  return !mounted.ok() && Has(path) ? absl::StatusOr<bool>(false) : mounted;
}

absl::Status PlannedFiles::CheckParent(const std::string& path) const {
  const absl::StatusOr<FileStat> parent = StatResolved(ParentOf(path));
  if (!parent.ok() || parent->kind != FileKind::kDirectory) {
    return NotFound("{}: there would be no directory {}", path, ParentOf(path));
  }
  return absl::OkStatus();
}

absl::Status PlannedFiles::Replace(const std::string& path,
                                   std::string_view content,
                                   const ReplaceOptions& options) {
  const std::string resolved = Resolve(path);
  RETURN_IF_ERROR(CheckParent(resolved));
  const absl::StatusOr<FileStat> old = StatResolved(resolved);
  const bool makes_way = old.ok() && old->kind != FileKind::kDirectory &&
                         options.expected.has_value() && options.expected->kind == old->kind;
  if (old.ok() && old->kind != FileKind::kRegular && !makes_way) {
    return FailedPrecondition("{}: is there as something else than a regular file", path);
  }
  if (old.ok() && old->kind == FileKind::kRegular && old->links > 1 && !options.in_place) {
    return FailedPrecondition("{}: has several links; say in_place = true", path);
  }
  FileStat stat;
  stat.kind = FileKind::kRegular;
  stat.mode = options.mode;
  stat.uid = options.uid;
  stat.gid = options.gid;
  stat.size = content.size();
  nodes_[resolved] = {.gone = false,
                      .stat = stat,
                      .target = "",
                      .content = [bytes = std::string(content)](uint64_t) { return bytes; }};
  world_.Note(fmt::format("write {} ({} bytes, {} {}:{}){}",
                          path,
                          content.size(),
                          Octal(options.mode),
                          options.uid,
                          options.gid,
                          options.validate ? ", checked by its command before" : ""));
  return absl::OkStatus();
}

std::vector<absl::Status> PlannedFiles::ReplaceAll(std::span<const FileReplacement> files) {
  std::vector<absl::Status> statuses;
  statuses.reserve(files.size());
  for (const FileReplacement& file : files) {
    statuses.push_back(Replace(file.path, file.content, file.options));
  }
  return statuses;
}

absl::Status PlannedFiles::SetOwnership(const std::string& path,
                                        std::optional<uint32_t> uid,
                                        std::optional<uint32_t> gid,
                                        std::optional<uint32_t> mode) {
  const std::string resolved = Resolve(path);
  ASSIGN_OR_RETURN(FileStat stat, StatResolved(resolved));
  std::string target = stat.kind == FileKind::kLink ? ReadLink(path).value_or("") : "";
  std::string text = "set";
  text += mode.has_value() ? " mode " + Octal(*mode) : "";
  text += uid.has_value() ? fmt::format(" owner {}", *uid) : "";
  text += gid.has_value() ? fmt::format(" group {}", *gid) : "";
  stat.uid = uid.value_or(stat.uid);
  stat.gid = gid.value_or(stat.gid);
  stat.mode = mode.value_or(stat.mode);
  const Node* old = Find(resolved);
  Loader content = old == nullptr ? nullptr : old->content;
  nodes_[resolved] = {
      .gone = false, .stat = stat, .target = std::move(target), .content = std::move(content)};
  world_.Note(text + " of " + path);
  return absl::OkStatus();
}

absl::Status PlannedFiles::MakeDirectory(const std::string& path,
                                         uint32_t mode,
                                         uint32_t uid,
                                         uint32_t gid) {
  const std::string resolved = Resolve(path);
  RETURN_IF_ERROR(CheckParent(resolved));
  FileStat stat;
  stat.kind = FileKind::kDirectory;
  stat.mode = mode;
  stat.uid = uid;
  stat.gid = gid;
  nodes_[resolved] = {.gone = false, .stat = stat, .target = "", .content = nullptr};
  world_.Note(fmt::format("make directory {} ({} {}:{})", path, Octal(mode), uid, gid));
  return absl::OkStatus();
}

absl::Status PlannedFiles::MakeLink(const std::string& path, const std::string& target) {
  const std::string resolved = Resolve(path);
  RETURN_IF_ERROR(CheckParent(resolved));
  const absl::StatusOr<FileStat> old = StatResolved(resolved);
  if (old.ok() && old->kind != FileKind::kLink) {
    return FailedPrecondition("{}: is there as something else than a link", path);
  }
  FileStat stat;
  stat.kind = FileKind::kLink;
  stat.mode = 0777;
  nodes_[resolved] = {.gone = false, .stat = stat, .target = target, .content = nullptr};
  world_.Note(fmt::format("link {} -> {}", path, target));
  return absl::OkStatus();
}

absl::Status PlannedFiles::MakeHardLink(const std::string& path, const std::string& existing) {
  const std::string resolved = Resolve(path);
  RETURN_IF_ERROR(CheckParent(resolved));
  const std::string source = Resolve(existing);
  ASSIGN_OR_RETURN(FileStat stat, StatResolved(source));
  ++stat.links;
  const Node* old = Find(source);
  Loader content = old != nullptr && old->content != nullptr
                       ? old->content
                       : [this, source](uint64_t most) { return base_.Read(source, most); };
  nodes_[resolved] = {.gone = false, .stat = stat, .target = "", .content = std::move(content)};
  world_.Note(fmt::format("hard link {} to {}", path, existing));
  return absl::OkStatus();
}

absl::Status PlannedFiles::Remove(const std::string& path) {
  const std::string resolved = Resolve(path);
  if (!StatResolved(resolved).ok()) {
    return absl::OkStatus();
  }
  nodes_[resolved] = {.gone = true, .stat = {}, .target = "", .content = nullptr};
  world_.Note(fmt::format("remove {}", path));
  return absl::OkStatus();
}

absl::Status PlannedFiles::RemoveTree(const std::string& path,
                                      uint64_t /*max_entries*/,
                                      Deadline /*deadline*/) {
  const std::string resolved = Resolve(path);
  if (!StatResolved(resolved).ok()) {
    return absl::OkStatus();
  }
  std::erase_if(nodes_, [&](const auto& entry) { return entry.first.starts_with(resolved + "/"); });
  nodes_[resolved] = {.gone = true, .stat = {}, .target = "", .content = nullptr};
  world_.Note(fmt::format("remove {} and all below it", path));
  return absl::OkStatus();
}

}  // namespace fettle::sys
