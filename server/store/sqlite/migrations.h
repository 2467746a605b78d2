// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace fettle::server::sqlite {

class Database;

// Brings the file's schema (PRAGMA user_version) to the newest, one step a transaction, forward
// only. kFailedPrecondition when it was written by a newer program; nothing is changed then.
absl::Status Migrate(Database& database);

// The same, up to `version` only: to make a database as an older program did.
absl::Status MigrateTo(Database& database, int64_t version);

}  // namespace fettle::server::sqlite
