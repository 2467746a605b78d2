// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "server/store/sqlite/database.h"

namespace fettle::server::sqlite {

// The catalog that a host worked with at a moment: that of its last full run before, or, if none is
// kept, its present one. Empty when there is none.
absl::StatusOr<Digest> CatalogAt(Database& database, const std::string& host, absl::Time at);

}  // namespace fettle::server::sqlite
