// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/call_once.h"

#include "lib/sys/files.h"
#include "lib/sys/hash_cache.h"

namespace fettle::sys {

// Files of this machine, below `root` ("" or an absolute path without a final slash). Safe from
// many threads; different files may be written at once.
class LinuxFiles final : public FileReader, public FileWriter {
 public:
  // `cache_file`: where digests are kept between processes, "" for nowhere. It is read at the first
  // question for a digest, and only if it belongs to us or root and nobody else can write it.
  LinuxFiles(std::string root, std::string cache_file);

  // Writes the digests back if there are new ones. Losing them costs time, nothing else: no errors.
  ~LinuxFiles() override;

  LinuxFiles(const LinuxFiles&) = delete;
  LinuxFiles& operator=(const LinuxFiles&) = delete;

  absl::StatusOr<FileStat> Stat(const std::string& path) const override;
  absl::StatusOr<std::string> Read(const std::string& path, uint64_t max_bytes) const override;
  absl::StatusOr<Digest> ContentDigest(const std::string& path, Deadline deadline) const override;
  absl::StatusOr<Digest> DigestOf(const std::string& path,
                                  const FileStat& seen,
                                  Deadline deadline) const override;
  void ForgetDigests() const override;
  absl::StatusOr<std::string> ReadLink(const std::string& path) const override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) const override;
  absl::StatusOr<bool> IsMountPoint(const std::string& path) const override;

  absl::Status Replace(const std::string& path,
                       std::string_view content,
                       const ReplaceOptions& options) override;
  std::vector<absl::Status> ReplaceAll(std::span<const FileReplacement> files) override;
  absl::Status SetOwnership(const std::string& path,
                            std::optional<uint32_t> uid,
                            std::optional<uint32_t> gid,
                            std::optional<uint32_t> mode) override;
  absl::Status MakeDirectory(const std::string& path,
                             uint32_t mode,
                             uint32_t uid,
                             uint32_t gid) override;
  absl::Status MakeLink(const std::string& path, const std::string& target) override;
  absl::Status MakeHardLink(const std::string& path, const std::string& existing) override;
  absl::Status Remove(const std::string& path) override;
  absl::StatusOr<std::size_t> RemoveTemporaries(const std::string& directory) override;
  absl::Status RemoveTree(const std::string& path,
                          uint64_t max_entries,
                          Deadline deadline) override;

 private:
  // `path` below the root: `path` itself without one, else put together in `buffer`.
  const std::string& Under(const std::string& path, std::string& buffer) const;

  void LoadCacheOnce() const;
  absl::StatusOr<Digest> HashAndKeep(const std::string& real, Deadline deadline) const;

  const std::string root_;
  const std::string cache_file_;
  mutable absl::once_flag cache_loaded_;
  mutable HashCache cache_;
};

}  // namespace fettle::sys
