// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/sys/files.h"
#include "tests/support/fake_calls.h"
#include "tests/support/fake_clock.h"

namespace fettle::testing {

// Owner and permission bits of something put on the fake disk.
struct FakeAccess {
  uint32_t mode = 0644;
  uint32_t uid = 0;
  uint32_t gid = 0;
};

// The files of a FakeHost: a small file system in memory, with links, hard links, mounts and what
// of it is synced. What the FileWriter calls do is synced when they return; what scripted commands
// do is not. The methods that no interface names are for tests: they are neither counted nor
// logged, and make what they need (missing parents).
class FakeFiles final : public sys::FileReader, public sys::FileWriter {
 public:
  FakeFiles(FakeCalls& calls, FakeClock& clock);

  // --- For tests: what somebody else does ---

  // Writes a file as an editor does: one that is there keeps its inode and its access, unless
  // `access` is given.
  void PutFile(const std::string& path,
               std::string_view content,
               std::optional<FakeAccess> access = std::nullopt);
  void PutDirectory(const std::string& path, const FakeAccess& access = {0755, 0, 0});
  void PutLink(const std::string& path, const std::string& target);
  void PutHardLink(const std::string& path, const std::string& existing);
  // A device, socket or fifo: FileKind::kOther.
  void PutOther(const std::string& path);
  void SetAccess(const std::string& path, const FakeAccess& access);
  // With all below it. Nothing there: nothing done.
  void Delete(const std::string& path);
  // Same content, another inode and times: `cp x y; mv y x`.
  void ReplaceInode(const std::string& path);
  // Makes `path` (there already) a mount point of its own device.
  void Mount(const std::string& path);
  // chattr +i.
  void SetImmutable(const std::string& path, bool immutable);
  // Everything at or below `path` refuses writes.
  void SetReadOnly(const std::string& path);
  // Replace() finds no space.
  void SetFull(bool full);

  // --- For tests: what is there ---

  // Nothing when there is no regular file at exactly this path.
  std::optional<std::string> Content(const std::string& path) const;
  std::optional<FakeAccess> Access(const std::string& path) const;
  bool Exists(const std::string& path) const;
  // Every path with a line on kind, access and content or target: equal maps, equal disks (times
  // and inodes aside).
  std::map<std::string, std::string> Everything() const;

  // --- For the machine ---

  // While on, changes are not synced (a scripted command runs, many files are replaced at once).
  void SetUnsynced(bool unsynced) { unsynced_ = unsynced; }

  // Forgets what was not synced.
  void DropUnsynced();

  // FileReader
  absl::StatusOr<sys::FileStat> Stat(const std::string& path) const override;
  absl::StatusOr<std::string> Read(const std::string& path, uint64_t max_bytes) const override;
  absl::StatusOr<Digest> ContentDigest(const std::string& path, Deadline deadline) const override;
  absl::StatusOr<Digest> DigestOf(const std::string& path,
                                  const sys::FileStat& seen,
                                  Deadline deadline) const override;

  void ForgetDigests() const override {}

  absl::StatusOr<std::string> ReadLink(const std::string& path) const override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) const override;
  absl::StatusOr<bool> IsMountPoint(const std::string& path) const override;

  // FileWriter
  absl::Status Replace(const std::string& path,
                       std::string_view content,
                       const sys::ReplaceOptions& options) override;
  std::vector<absl::Status> ReplaceAll(std::span<const sys::FileReplacement> files) override;
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
  struct Node {
    sys::FileKind kind = sys::FileKind::kRegular;
    FakeAccess access;
    uint64_t inode = 0;
    int64_t modified_ns = 0;
    int64_t changed_ns = 0;
    std::string text;  // Content, or the link's target.
    bool immutable = false;
  };

  using NodePtr = std::shared_ptr<Node>;
  using Tree = std::map<std::string, NodePtr>;

  Node* Raw(const std::string& path) const;
  absl::StatusOr<std::string> Resolve(const std::string& path, bool follow_final) const;
  // What a call on `path` is about: the real path, and the node (kNotFound when there is none).
  absl::StatusOr<Node*> Find(const std::string& path, bool follow_final) const;
  // The real path of something that may be made: its parent is a directory that can be written.
  absl::StatusOr<std::string> Place(const std::string& path) const;
  absl::Status CheckReplaceable(const std::string& real,
                                std::string_view content,
                                const sys::ReplaceOptions& options) const;
  absl::Status CheckExpected(const std::string& real,
                             const std::optional<sys::FileStat>& expected) const;
  absl::Status Validate(const std::string& real,
                        std::string_view content,
                        const sys::ReplaceOptions& options);
  // One file of ReplaceAll() up to its rename, which is not synced.
  absl::Status Swap(const sys::FileReplacement& file);
  absl::Status CheckWritable(const std::string& real) const;
  sys::FileStat StatOf(const std::string& real, const Node& node) const;
  std::vector<std::string> Below(const std::string& real) const;
  NodePtr NewNode(sys::FileKind kind, const FakeAccess& access, std::string text);
  void PutNode(const std::string& path, NodePtr node);
  void Touch(Node* node, bool content);
  void Sync(const std::string& path);

  FakeCalls& calls_;
  FakeClock& clock_;
  Tree nodes_;
  Tree synced_;                              // Own nodes; equal inode numbers are one node.
  std::map<std::string, uint64_t> devices_;  // Mount points.
  std::set<std::string> read_only_;
  bool full_ = false;
  bool unsynced_ = false;
  uint64_t last_inode_ = 1;
};

}  // namespace fettle::testing
