// SPDX-License-Identifier: Apache-2.0
#include "lib/policy/tree.h"

#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::policy {
namespace {

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

// `path` as it may be printed: control characters and what is not UTF-8 become '?'.
std::string Printable(std::string_view path) {
  std::string text(path.substr(0, 200));
  const bool readable = IsText(text);
  std::replace_if(
      text.begin(),
      text.end(),
      [readable](char c) { return IsControl(c) || (!readable && (c & 0x80) != 0); },
      '?');
  return text;
}

}  // namespace

absl::Status CheckPath(std::string_view path) {
  if (path.empty()) {
    return InvalidArgument("an empty path cannot be in a policy tree");
  }
  if (path.size() > kMaxPathBytes) {
    return InvalidArgument(
        "path {}… is longer than {} bytes; shorten it", Printable(path), kMaxPathBytes);
  }
  if (!IsText(path) || std::any_of(path.begin(), path.end(), IsControl)) {
    return InvalidArgument("path {} is not UTF-8 without control characters; rename it",
                           Printable(path));
  }
  if (path.front() == '/') {
    return InvalidArgument("path {} is absolute; a policy tree has relative paths only", path);
  }
  for (const std::string_view name : Split(path, '/')) {
    if (name.empty() || name == "." || name == "..") {
      return InvalidArgument("path {} has an empty, \".\" or \"..\" part", path);
    }
  }
  return absl::OkStatus();
}

absl::Status Tree::CheckPlace(std::string_view path) const {
  if (files_.contains(path)) {
    return InvalidArgument("{} is in the tree twice", path);
  }
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    if (files_.contains(path.substr(0, slash))) {
      return InvalidArgument("{} is a file and a directory at once", path.substr(0, slash));
    }
  }
  const std::string below = std::string(path) + '/';
  const auto next = files_.lower_bound(below);
  if (next != files_.end() && next->first.starts_with(below)) {
    return InvalidArgument("{} is a file and a directory at once", path);
  }
  return absl::OkStatus();
}

absl::Status Tree::Add(std::string_view path, std::string content, bool executable) {
  RETURN_IF_ERROR(CheckPath(path));
  RETURN_IF_ERROR(CheckPlace(path));
  if (content.size() > kMaxFileBytes) {
    return FailedPrecondition(
        "{} has {} bytes; a file of a policy tree has at most {} (fetch large things by a resource "
        "instead)",
        path,
        content.size(),
        kMaxFileBytes);
  }
  if (files_.size() >= kMaxFiles) {
    return FailedPrecondition("{}: a policy tree has at most {} files", path, kMaxFiles);
  }
  if (total_bytes_ + content.size() > kMaxTreeBytes) {
    return FailedPrecondition(
        "{}: with it the policy tree passes {} bytes in all", path, kMaxTreeBytes);
  }
  total_bytes_ += content.size();
  const Digest digest = Sha256(content);
  files_.emplace(path, TreeFile{std::move(content), executable, digest});
  return absl::OkStatus();
}

const TreeFile* Tree::Find(std::string_view path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : &found->second;
}

}  // namespace fettle::policy
