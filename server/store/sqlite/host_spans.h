// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/store/sqlite/database.h"

// What is so of a host for a time: its facts and the revision that it enforces. Facts are kept by
// their first names, each value once for all hosts that share it.
namespace fettle::server::sqlite {

// From `at` on the facts are these. What is the same goes on; what comes late (before the last
// change) is taken as a correction of it.
absl::Status StoreFacts(Database& database,
                        const std::string& host,
                        const std::string& json,
                        absl::Time at);

// The facts at a moment, or now with InfiniteFuture; "" when none are known of then.
absl::StatusOr<std::string> ReadFacts(Database& database, const std::string& host, absl::Time at);

// From `at` on the host enforces this revision.
absl::Status StoreRevision(Database& database,
                           const std::string& host,
                           const std::string& revision,
                           absl::Time at);

// Forgets what ended before, and values that nobody has any more.
absl::Status ForgetSpansBefore(Database& database, absl::Time before);

// Of a database of schema version 4: moves the facts out of the table of hosts, and makes the index
// over history that later months are made with.
absl::Status MoveToSpans(Database& database);

}  // namespace fettle::server::sqlite
