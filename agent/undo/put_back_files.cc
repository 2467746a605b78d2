// SPDX-License-Identifier: Apache-2.0
#include "agent/undo/put_back_files.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "lib/base/status_macros.h"

namespace fettle::undo {
namespace {

using sys::FileKind;
using sys::FileStat;

std::string PathOf(const Thing& thing, const std::string& part) {
  if (thing.kind == Kind::kTarget) {
    return part;
  }
  return part.empty() ? thing.name : fmt::format("{}/{}", thing.name, part);
}

absl::StatusOr<std::optional<FileStat>> StatIfThere(const sys::FileReader& files,
                                                    const std::string& path) {
  absl::StatusOr<FileStat> stat = files.Stat(path);
  if (absl::IsNotFound(stat.status())) {
    return std::optional<FileStat>();
  }
  RETURN_IF_ERROR(stat.status());
  return std::optional<FileStat>(*stat);
}

absl::Status PutBackContent(const std::string& path,
                            const FilePart& before,
                            const std::optional<FileStat>& now,
                            sys::Host& host,
                            const OldContent& content) {
  ASSIGN_OR_RETURN(const std::string old, content(before.content));
  sys::ReplaceOptions options;
  options.mode = before.mode;
  options.uid = before.uid;
  options.gid = before.gid;
  options.expected = now;
  if (now.has_value()) {
    ASSIGN_OR_RETURN(const bool mounted, host.files().IsMountPoint(path));
    options.in_place = mounted || (before.shared && now->links > 1);
    if (now->links > 1 && !options.in_place) {
      RETURN_IF_ERROR(host.write_files().Remove(path));
      options.expected.reset();
    }
  }
  return host.write_files().Replace(path, old, options);
}

absl::Status PutBackDirectory(const std::string& path,
                              const FilePart& before,
                              const std::optional<FileStat>& now,
                              sys::FileWriter& files) {
  return now.has_value() ? files.SetOwnership(path, before.uid, before.gid, before.mode)
                         : files.MakeDirectory(path, before.mode, before.uid, before.gid);
}

// A file whose content is as before, or a directory, needs its access alone.
bool AccessOnly(const FilePart& before,
                const std::string& path,
                const sys::HostReader& host,
                Deadline deadline) {
  const absl::StatusOr<Digest> digest = host.files().ContentDigest(path, deadline);
  return digest.ok() && *digest == before.content;
}

absl::Status PutBackOne(const std::string& path,
                        std::string_view bytes,
                        sys::Host& host,
                        const OldContent& content,
                        Deadline deadline) {
  ASSIGN_OR_RETURN(std::optional<FileStat> now, StatIfThere(host.files(), path));
  const FilePart before = DecodeFile(bytes);
  if (now.has_value() && now->kind != before.kind) {
    RETURN_IF_ERROR(host.write_files().Remove(path));
    now.reset();
  }
  switch (before.kind) {
    case FileKind::kRegular:
      if (now.has_value() && (now->links > 1) == before.shared &&
          AccessOnly(before, path, host, deadline)) {
        return host.write_files().SetOwnership(path, before.uid, before.gid, before.mode);
      }
      return PutBackContent(path, before, now, host, content);
    case FileKind::kDirectory:
      return PutBackDirectory(path, before, now, host.write_files());
    case FileKind::kLink:
      return host.write_files().MakeLink(path, before.target);
    case FileKind::kOther:
      break;
  }
  return FailedPrecondition("{} was neither file, directory nor link", path);
}

}  // namespace

std::string WhyNotFiles(const Wanted& wanted, const std::function<bool(const Digest&)>& kept) {
  for (const std::string& part : wanted.parts) {
    const std::string_view bytes = PartOf(*wanted.before, part);
    if (bytes.empty()) {
      continue;
    }
    const FilePart before = DecodeFile(bytes);
    const std::string path = PathOf(*wanted.thing, part);
    if (before.kind == FileKind::kOther) {
      return fmt::format("{} was neither file, directory nor link", path);
    }
    if (before.kind == FileKind::kRegular && !kept(before.content)) {
      return fmt::format("the old content of {} is not kept (any more)", path);
    }
  }
  return "";
}

absl::Status PutBackFiles(const Wanted& wanted,
                          sys::Host& host,
                          const OldContent& content,
                          Deadline deadline) {
  std::vector<std::string> parts = wanted.parts;
  std::sort(parts.begin(), parts.end());
  // What was not there goes first, the deepest before what holds it.
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (PartOf(*wanted.before, *part).empty()) {
      RETURN_IF_ERROR(host.write_files().Remove(PathOf(*wanted.thing, *part)));
    }
  }
  for (const std::string& part : parts) {
    RETURN_IF_ERROR(deadline.Check("putting files back"));
    if (const std::string_view bytes = PartOf(*wanted.before, part); !bytes.empty()) {
      RETURN_IF_ERROR(PutBackOne(PathOf(*wanted.thing, part), bytes, host, content, deadline));
    }
  }
  return absl::OkStatus();
}

}  // namespace fettle::undo
