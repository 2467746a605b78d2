// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/store/sqlite/database.h"
#include "server/store/types.h"

namespace fettle::server::sqlite {

// Takes one use of the token with this secret, inside the caller's transaction. kPermissionDenied
// says why it is no good.
absl::StatusOr<TokenRecord> TakeToken(Database& database,
                                      const Digest& secret,
                                      Subject subject,
                                      const std::string& name,
                                      absl::Time now);

}  // namespace fettle::server::sqlite
