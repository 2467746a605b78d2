// SPDX-License-Identifier: Apache-2.0
#include "lib/policy/manifest.h"

#include <cstddef>
#include <set>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::policy {
namespace {

constexpr std::size_t kDigestHex = 64;
constexpr std::size_t kMaxManifestBytes = 64U << 20;

// Takes the text up to the next blank off `line`; false if there is no blank.
bool TakeField(std::string_view* line, std::string_view* field) {
  const std::size_t blank = line->find(' ');
  if (blank == std::string_view::npos) {
    return false;
  }
  *field = line->substr(0, blank);
  line->remove_prefix(blank + 1);
  return true;
}

bool ParseSize(std::string_view text, uint64_t* size) {
  int64_t value = 0;
  if (!ParseInt(text, &value) || value < 0 || std::to_string(value) != text) {
    return false;
  }
  *size = static_cast<uint64_t>(value);
  return true;
}

absl::StatusOr<ManifestEntry> ParseLine(std::string_view line) {
  std::string_view digest;
  std::string_view size;
  std::string_view mode;
  ManifestEntry entry;
  if (!TakeField(&line, &digest) || !TakeField(&line, &size) || !TakeField(&line, &mode)) {
    return InvalidArgument("not \"<sha256> <size> <- or x> <path>\"");
  }
  ASSIGN_OR_RETURN(entry.digest, Digest::FromHex(digest));
  if (digest.size() != kDigestHex || entry.digest.Hex() != digest) {
    return InvalidArgument("the digest is not in lower case");
  }
  if (!ParseSize(size, &entry.size) || entry.size > kMaxFileBytes) {
    return InvalidArgument("{} is no size of a file of at most {} bytes", size, kMaxFileBytes);
  }
  if (mode != "-" && mode != "x") {
    return InvalidArgument("the mode is neither - nor x");
  }
  entry.executable = mode == "x";
  RETURN_IF_ERROR(CheckPath(line));
  entry.path = std::string(line);
  return entry;
}

// What holds between an entry and those before it.
absl::Status CheckOrder(const Manifest& manifest,
                        const std::set<std::string, std::less<>>& paths,
                        const ManifestEntry& entry) {
  if (!manifest.entries.empty() && manifest.entries.back().path >= entry.path) {
    return InvalidArgument("{} stands twice or out of order", entry.path);
  }
  for (std::size_t slash = entry.path.find('/'); slash != std::string::npos;
       slash = entry.path.find('/', slash + 1)) {
    if (paths.contains(std::string_view(entry.path).substr(0, slash))) {
      return InvalidArgument("{} is a file and a directory at once", entry.path.substr(0, slash));
    }
  }
  return absl::OkStatus();
}

}  // namespace

Manifest ManifestOf(const Tree& tree) {
  Manifest manifest;
  manifest.entries.reserve(tree.files().size());
  for (const auto& [path, file] : tree.files()) {
    manifest.entries.push_back({path, file.digest, file.content.size(), file.executable});
  }
  return manifest;
}

std::string EncodeManifest(const Manifest& manifest) {
  std::string text;
  for (const ManifestEntry& entry : manifest.entries) {
    text += fmt::format(
        "{} {} {} {}\n", entry.digest.Hex(), entry.size, entry.executable ? 'x' : '-', entry.path);
  }
  return text;
}

absl::StatusOr<Manifest> ParseManifest(std::string_view text) {
  if (text.size() > kMaxManifestBytes) {
    return InvalidArgument("manifest: longer than {} bytes", kMaxManifestBytes);
  }
  if (!text.empty() && text.back() != '\n') {
    return InvalidArgument("manifest: cut off, the last line has no end");
  }
  Manifest manifest;
  std::set<std::string, std::less<>> paths;
  uint64_t total = 0;
  std::size_t number = 0;
  for (const std::string_view line : SplitLines(text)) {
    const std::string where = fmt::format("manifest: line {}", ++number);
    absl::StatusOr<ManifestEntry> entry = ParseLine(line);
    if (!entry.ok()) {
      return Annotate(entry.status(), where);
    }
    RETURN_IF_ERROR(Annotate(CheckOrder(manifest, paths, *entry), where));
    total += entry->size;
    if (number > kMaxFiles || total > kMaxTreeBytes) {
      return InvalidArgument("{}: more than {} files or {} bytes", where, kMaxFiles, kMaxTreeBytes);
    }
    paths.insert(entry->path);
    manifest.entries.push_back(*std::move(entry));
  }
  return manifest;
}

Digest TreeDigest(const Tree& tree) {
  return Sha256(EncodeManifest(ManifestOf(tree)));
}

}  // namespace fettle::policy
