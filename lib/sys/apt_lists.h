// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "lib/base/deadline.h"

namespace fettle::sys {

// Whether apt's package lists want a refresh: never fetched, last refreshed longer ago than `age`
// before `now`, or a source was changed since. InfiniteDuration: never.
bool ListsAreOlderThan(absl::Duration age, absl::Time now);

// `apt-get update`, once the lock on the lists is free (kResourceExhausted after `lock_wait`).
// Stamps the lists' directory, because apt leaves no trace of a refresh that found nothing new.
absl::Status UpdateLists(absl::Duration lock_wait, Deadline deadline);

}  // namespace fettle::sys
