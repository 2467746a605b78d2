// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"

namespace fettle::server::sqlite {

class Database;

// Brings the file's schema (PRAGMA user_version) to the newest, one step a transaction, forward
// only. kFailedPrecondition when it was written by a newer program; nothing is changed then.
absl::Status Migrate(Database& database);

}  // namespace fettle::server::sqlite
