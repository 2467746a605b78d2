// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "lib/sys/files.h"

namespace fettle::sys {

// Digests of file contents by the state of their inode: (device, inode, size, mtime, ctime). Safe
// from many threads; bounded: when full, what has not been asked for the longest half of its life
// goes.
//
// Nobody can set a ctime back, so equal states mean equal content, with two exceptions. A write in
// the same tick of the clock as the one that was hashed leaves the same ctime: states younger than
// two seconds at the moment of hashing are not kept. A shared writable memory mapping changes pages
// without a new ctime until the kernel writes them back: such a change is seen up to half a minute
// late.
class HashCache {
 public:
  // At most about `max_entries` digests, a good 100 bytes each.
  explicit HashCache(std::size_t max_entries = 200'000);

  // The digest kept for this state of a file.
  std::optional<Digest> Find(const FileStat& stat);

  // Keeps `digest` for `stat`, which was looked at before the content was read, unless it is too
  // young at `now`, the wall-clock time after that look.
  void Keep(const FileStat& stat, const Digest& digest, absl::Time now);

  // Forgets all.
  void Clear();

  std::size_t size() const;

  // Whether something was kept since the last Save() or Load().
  bool dirty() const;

  // All entries as bytes with a check sum, for a file of ours that only root can write.
  std::string Save();

  // Takes up what Save() gave. False, and nothing taken up, when it is not whole or of another
  // form.
  bool Load(std::string_view saved);

 private:
  struct Key {
    uint64_t device, inode, size;
    int64_t modified_ns, changed_ns;
    bool operator==(const Key&) const = default;

    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.device, key.inode, key.changed_ns, key.size);
    }
  };

  // Two generations: when the young one is full it becomes the old one, whose entries go unless
  // asked for. No list to maintain at each look-up.
  using Map = absl::flat_hash_map<Key, Digest>;

  struct Shard {
    mutable absl::Mutex mutex;
    Map young ABSL_GUARDED_BY(mutex);
    Map old ABSL_GUARDED_BY(mutex);
    bool dirty ABSL_GUARDED_BY(mutex) = false;
  };

  static constexpr std::size_t kShards = 8;

  static Key KeyOf(const FileStat& stat);

  Shard& ShardOf(const Key& key) { return shards_[key.inode % kShards]; }

  void Insert(Shard& shard, const Key& key, const Digest& digest)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);

  const std::size_t half_of_shard_;
  std::array<Shard, kShards> shards_;
};

}  // namespace fettle::sys
