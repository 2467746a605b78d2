// SPDX-License-Identifier: Apache-2.0
#include "server/fleet/revocations.h"

namespace fettle::server {

void RevocationSet::Add(const std::vector<std::string>& serials) {
  const absl::MutexLock lock(&mutex_);
  serials_.insert(serials.begin(), serials.end());
}

bool RevocationSet::Contains(const std::string& serial) const {
  const absl::ReaderMutexLock lock(&mutex_);
  return serials_.contains(serial);
}

}  // namespace fettle::server
