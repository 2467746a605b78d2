// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/base/deadline.h"
#include "lib/digest/digest.h"

namespace fettle::sys {

enum class FileKind : uint8_t { kRegular, kDirectory, kLink, kOther };

// What lstat(2) says. The last five name one state of one inode: if they are equal, so is the
// content.
struct FileStat {
  FileKind kind = FileKind::kOther;
  uint32_t mode = 0;  // Permission bits with setuid, setgid and sticky: 07777 at most.
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint64_t links = 1;
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;
  bool operator==(const FileStat&) const = default;
};

// Looks at files. Paths are absolute. Errors: kNotFound when nothing is there (also when a parent
// is missing or no directory), kPermissionDenied, kFailedPrecondition for the wrong kind, all
// naming the path. Safe from many threads.
class FileReader {
 public:
  virtual ~FileReader() = default;

  // Does not follow a final link. Links among the parents are followed.
  virtual absl::StatusOr<FileStat> Stat(const std::string& path) const = 0;

  // The content of a regular file (a final link is followed), without touching its access time.
  // kFailedPrecondition when it is larger than `max_bytes`.
  virtual absl::StatusOr<std::string> Read(const std::string& path, uint64_t max_bytes) const = 0;

  // The SHA-256 of a regular file's content; may be answered from a cache keyed by the file's
  // identity (FileStat).
  virtual absl::StatusOr<Digest> ContentDigest(const std::string& path,
                                               Deadline deadline) const = 0;

  // The same of a regular file of which Stat() just said `seen`: where its digest is known, nothing
  // more is asked of the kernel.
  virtual absl::StatusOr<Digest> DigestOf(const std::string& path,
                                          const FileStat& seen,
                                          Deadline deadline) const = 0;

  // Forgets every digest, so that the next questions read the files: for a deep sweep.
  virtual void ForgetDigests() const = 0;

  // The target of a symbolic link, as written.
  virtual absl::StatusOr<std::string> ReadLink(const std::string& path) const = 0;

  // The names in a directory, sorted, without "." and "..".
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& path) const = 0;

  // Whether `path` itself is a mount point (a bind-mounted single file, or a file system's root).
  virtual absl::StatusOr<bool> IsMountPoint(const std::string& path) const = 0;
};

// How Replace() does its work.
struct ReplaceOptions {
  uint32_t mode = 0644;
  uint32_t uid = 0;
  uint32_t gid = 0;

  // What Stat() said when the caller last looked; nullopt when nothing was there. If the file is
  // another one by the time of the swap, nothing is changed and the answer is kAborted. If it is a
  // link or a special file, that is what the new file takes the place of, in one step.
  std::optional<FileStat> expected = {};

  // Overwrite the same inode instead of swapping: for files with several links and bind-mounted
  // files, which Replace() otherwise refuses (kFailedPrecondition). Not crash-safe; never the
  // default.
  bool in_place = false;

  // Called with the path of the complete new file before it takes the old one's place; an error
  // leaves the old one.
  std::function<absl::Status(const std::string& temporary_path)> validate = {};
};

// One file of FileWriter::ReplaceAll().
struct FileReplacement {
  std::string path;
  std::string content;
  ReplaceOptions options;
};

// Changes files. Every change is durable when the call returns (file and directory are synced) and
// is whole or not at all, also across power loss. No call follows a link in the final component.
class FileWriter {
 public:
  virtual ~FileWriter() = default;

  // The one way a file's content is written: a temporary of the same directory (dot-prefixed, a
  // suffix that no *.conf, cron.d, sudoers.d or run-parts reader takes; mode 0600 until content,
  // owner, mode, access lists, extended attributes and label are set; security.capability is
  // dropped), synced, renamed over `path`, directory synced. Creates the file when it is missing.
  // Errors: kNotFound no such directory; kFailedPrecondition when `path` is a directory, a link
  // (that is not expected), immutable, a mount point or has several links, the file system is
  // read-only or full (named); kAborted see ReplaceOptions::expected. On any error the old file is
  // untouched and no temporary remains.
  virtual absl::Status Replace(const std::string& path,
                               std::string_view content,
                               const ReplaceOptions& options) = 0;

  // Replace() of many files, at the cost of few syncs: all temporaries are written and made durable
  // together, then each is renamed over its path, in the order given, then the directories are made
  // durable together. A power loss at any instant leaves each file old or new, and none is new
  // unless its content is durable. Answers one status each, in order; a file that fails keeps
  // nobody else from being replaced. Those with `in_place` or `validate` are done by Replace() at
  // their place in the order.
  virtual std::vector<absl::Status> ReplaceAll(std::span<const FileReplacement> files) = 0;

  // Owner, group and mode of what is there, in the order that never widens access for an instant.
  // nullopt: keep.
  virtual absl::Status SetOwnership(const std::string& path,
                                    std::optional<uint32_t> uid,
                                    std::optional<uint32_t> gid,
                                    std::optional<uint32_t> mode) = 0;

  // Makes one directory with exactly this owner and mode. The parent must exist.
  virtual absl::Status MakeDirectory(const std::string& path,
                                     uint32_t mode,
                                     uint32_t uid,
                                     uint32_t gid) = 0;

  // Makes `path` a symbolic link to `target`, replacing a link atomically. kFailedPrecondition if
  // something else than a link is there.
  virtual absl::Status MakeLink(const std::string& path, const std::string& target) = 0;

  // Makes `path` another name of the file `existing`, replacing a regular file atomically.
  virtual absl::Status MakeHardLink(const std::string& path, const std::string& existing) = 0;

  // Removes a file, a link or an empty directory. OK when nothing is there.
  virtual absl::Status Remove(const std::string& path) = 0;

  // Removes the temporaries that a killed Replace(), MakeLink() or MakeHardLink() left in a
  // directory, told by the form of their names; answers how many. None, when there is no such
  // directory. Only while nobody else changes files: it would take theirs too.
  virtual absl::StatusOr<std::size_t> RemoveTemporaries(const std::string& directory) = 0;

  // Removes a directory with all below it: depth first, following no link, entering no other file
  // system, refusing (before the first removal) when there are more than `max_entries`. OK when
  // nothing is there.
  virtual absl::Status RemoveTree(const std::string& path,
                                  uint64_t max_entries,
                                  Deadline deadline) = 0;
};

}  // namespace fettle::sys
