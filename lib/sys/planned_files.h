// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/sys/files.h"
#include "lib/sys/planned_world.h"

namespace fettle::sys {

// Files as they would be after the planned steps: `base` with the writes laid over it, in memory.
class PlannedFiles final : public FileReader, public FileWriter {
 public:
  using Loader = std::function<absl::StatusOr<std::string>(uint64_t max_bytes)>;

  PlannedFiles(const FileReader& base, PlannedWorld& world) : base_(base), world_(world) {}

  // A file that another step brings along (of a package), without an operation of its own.
  // `content` may be null: not known.
  void Bring(const std::string& path, const FileStat& stat, std::string target, Loader content);

  // Whether the overlay has something at `path`, whatever it is.
  bool Has(const std::string& path) const;

  absl::StatusOr<FileStat> Stat(const std::string& path) const override;
  absl::StatusOr<std::string> Read(const std::string& path, uint64_t max_bytes) const override;
  absl::StatusOr<Digest> ContentDigest(const std::string& path, Deadline deadline) const override;
  absl::StatusOr<Digest> DigestOf(const std::string& path,
                                  const FileStat& seen,
                                  Deadline deadline) const override;

  void ForgetDigests() const override { base_.ForgetDigests(); }

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

  // What killed runs left is no part of a plan.
  absl::StatusOr<std::size_t> RemoveTemporaries(const std::string& /*directory*/) override {
    return 0;
  }

  absl::Status RemoveTree(const std::string& path,
                          uint64_t max_entries,
                          Deadline deadline) override;

 private:
  struct Node {
    bool gone = false;
    FileStat stat;
    std::string target;
    Loader content;  // Null: what `base` has, or not known if it has nothing.
  };

  // `path` with the links among its parents (and the last component, if asked) followed.
  std::string Resolve(const std::string& path, bool follow_last = false) const;
  // The same for looks: as long as nothing is planned, the base follows links itself.
  std::string PathOf(const std::string& path, bool follow_last = false) const;
  // The overlay's word on a resolved path; null: the base decides.
  const Node* Find(const std::string& path) const;
  absl::Status CheckParent(const std::string& path) const;
  absl::StatusOr<FileStat> StatResolved(const std::string& path) const;

  const FileReader& base_;
  PlannedWorld& world_;
  std::map<std::string, Node> nodes_;  // By resolved path.
};

}  // namespace fettle::sys
