// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/store/store.h"

namespace fettle::server {

// "r42".
std::string RevisionName(int64_t number);

// The revision that somebody means: "r42", a channel's name, or an unambiguous beginning of its
// digest (four characters or more). kNotFound, kInvalidArgument.
absl::StatusOr<RevisionRecord> ResolveRevision(PolicyStore& store, const std::string& name);

// Whether `name` may name a channel: 1 to 64 of a-z, 0-9 and . _ -, beginning with a letter, and
// nothing that reads as a revision. kInvalidArgument says why not.
absl::Status CheckChannelName(std::string_view name);

}  // namespace fettle::server
