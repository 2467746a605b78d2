// SPDX-License-Identifier: Apache-2.0
#include "server/api/local_callers.h"

#include "lib/base/ids.h"

namespace fettle::server {
namespace {

constexpr std::size_t kIdBytes = 16;

}  // namespace

LocalCallers::Entry::Entry(LocalCallers& callers, const Peer& peer)
    : callers_(callers), id_(HexEncode(RandomBytes(kIdBytes))) {
  const absl::MutexLock lock(&callers_.mutex_);
  callers_.by_id_.emplace(id_, peer);
}

LocalCallers::Entry::~Entry() {
  const absl::MutexLock lock(&callers_.mutex_);
  callers_.by_id_.erase(id_);
}

std::optional<Peer> LocalCallers::Find(std::string_view id) const {
  const absl::MutexLock lock(&mutex_);
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? std::nullopt : std::optional<Peer>(found->second);
}

}  // namespace fettle::server
