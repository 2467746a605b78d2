// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/base/clock.h"
#include "server/store/store.h"

namespace fettle::server::sqlite {

// The store in one SQLite file (made if it is missing, migrated if it is older). A damaged file is
// kDataLoss with what to do; it is never overwritten. `clock` must outlive the store. History is
// kept for at least `keep_history`: months that lie wholly before are dropped, when the store opens
// and every half minute.
absl::StatusOr<std::unique_ptr<Store>> OpenStore(
    const std::string& path,
    const Clock& clock,
    absl::Duration keep_history = absl::InfiniteDuration());

}  // namespace fettle::server::sqlite
