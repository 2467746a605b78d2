// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fettle::pki {

inline constexpr std::size_t kSealKeyBytes = 32;

// `plain` under AES-256-GCM with a nonce of its own. `context` is not part of the answer and must
// be the same when it is opened: it ties a text to its place. `key` has kSealKeyBytes bytes.
absl::StatusOr<std::string> Seal(std::string_view key,
                                 std::string_view plain,
                                 std::string_view context);

// The inverse. kFailedPrecondition when the bytes, the key or the context are not those of Seal().
absl::StatusOr<std::string> Unseal(std::string_view key,
                                   std::string_view sealed,
                                   std::string_view context);

}  // namespace fettle::pki
