// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/base/clock.h"
#include "server/store/store.h"

namespace fettle::server::sqlite {

// A larger file is checked while it is served.
inline constexpr uint64_t kCheckedAtOnce = uint64_t{1} << 30;

// The store in one SQLite file (made if it is missing, migrated if it is older). A damaged file is
// kDataLoss with what to do; it is never overwritten. One of more than `checked_at_once` bytes is
// opened when its beginning is sound; the rest is checked on a thread, table by table, and what is
// found is in damage() and the log. `clock` must outlive the store. History is
// kept for at least `keep_history`: months that lie wholly before are dropped, when the store opens
// and every half minute.
absl::StatusOr<std::unique_ptr<Store>> OpenStore(
    const std::string& path,
    const Clock& clock,
    absl::Duration keep_history = absl::InfiniteDuration(),
    uint64_t checked_at_once = kCheckedAtOnce);

}  // namespace fettle::server::sqlite
