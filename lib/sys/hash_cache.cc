// SPDX-License-Identifier: Apache-2.0
#include "lib/sys/hash_cache.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

namespace fettle::sys {
namespace {

// Form of the saved bytes: this line, records, SHA-256 of all before. Numbers as the machine has
// them: the file never leaves it.
constexpr std::string_view kMagic = "fettle hash cache 1\n";
constexpr std::size_t kDigestBytes = 32;
constexpr absl::Duration kRacy = absl::Seconds(2);

}  // namespace

HashCache::HashCache(std::size_t max_entries)
    : half_of_shard_(std::max<std::size_t>(1, max_entries / kShards / 2)) {}

HashCache::Key HashCache::KeyOf(const FileStat& stat) {
  return {stat.device, stat.inode, stat.size, stat.modified_ns, stat.changed_ns};
}

void HashCache::Insert(Shard& shard, const Key& key, const Digest& digest) {
  if (shard.young.size() >= half_of_shard_) {
    shard.old = std::exchange(shard.young, Map());
  }
  shard.young.insert_or_assign(key, digest);
}

std::optional<Digest> HashCache::Find(const FileStat& stat) {
  const Key key = KeyOf(stat);
  Shard& shard = ShardOf(key);
  const absl::MutexLock lock(&shard.mutex);
  if (const auto found = shard.young.find(key); found != shard.young.end()) {
    return found->second;
  }
  const auto found = shard.old.find(key);
  if (found == shard.old.end()) {
    return std::nullopt;
  }
  const Digest digest = found->second;
  shard.old.erase(found);
  Insert(shard, key, digest);
  return digest;
}

void HashCache::Keep(const FileStat& stat, const Digest& digest, absl::Time now) {
  const int64_t youngest = absl::ToUnixNanos(now - kRacy);
  if (stat.modified_ns > youngest || stat.changed_ns > youngest) {
    return;
  }
  const Key key = KeyOf(stat);
  Shard& shard = ShardOf(key);
  const absl::MutexLock lock(&shard.mutex);
  shard.dirty = true;
  Insert(shard, key, digest);
}

void HashCache::Clear() {
  for (Shard& shard : shards_) {
    const absl::MutexLock lock(&shard.mutex);
    shard.young.clear();
    shard.old.clear();
  }
}

std::size_t HashCache::size() const {
  std::size_t size = 0;
  for (const Shard& shard : shards_) {
    const absl::MutexLock lock(&shard.mutex);
    size += shard.young.size() + shard.old.size();
  }
  return size;
}

bool HashCache::dirty() const {
  return std::any_of(shards_.begin(), shards_.end(), [](const Shard& shard) {
    const absl::MutexLock lock(&shard.mutex);
    return shard.dirty;
  });
}

std::string HashCache::Save() {
  static_assert(std::is_trivially_copyable_v<Key> && sizeof(Key) == 40);
  std::string saved(kMagic);
  for (Shard& shard : shards_) {
    const absl::MutexLock lock(&shard.mutex);
    for (const Map* map : {&shard.old, &shard.young}) {
      saved.reserve(saved.size() + map->size() * (sizeof(Key) + kDigestBytes));
      for (const auto& [key, digest] : *map) {
        saved.append(reinterpret_cast<const char*>(&key), sizeof key);
        saved.append(digest.Raw());
      }
    }
    shard.dirty = false;
  }
  saved.append(Sha256(saved).Raw());
  return saved;
}

bool HashCache::Load(std::string_view saved) {
  constexpr std::size_t kRecord = sizeof(Key) + kDigestBytes;
  if (saved.size() < kMagic.size() + kDigestBytes || saved.substr(0, kMagic.size()) != kMagic) {
    return false;
  }
  const std::string_view sum = saved.substr(saved.size() - kDigestBytes);
  saved.remove_suffix(kDigestBytes);
  if ((saved.size() - kMagic.size()) % kRecord != 0 || Sha256(saved).Raw() != sum) {
    return false;
  }
  saved.remove_prefix(kMagic.size());
  for (; !saved.empty(); saved.remove_prefix(kRecord)) {
    Key key{};
    std::memcpy(&key, saved.data(), sizeof key);
    Digest digest;
    std::memcpy(digest.bytes.data(), saved.data() + sizeof key, kDigestBytes);
    Shard& shard = ShardOf(key);
    const absl::MutexLock lock(&shard.mutex);
    Insert(shard, key, digest);
  }
  return true;
}

}  // namespace fettle::sys
