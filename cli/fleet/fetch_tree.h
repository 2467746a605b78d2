// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"

#include "cli/client/policy_client.h"
#include "lib/policy/manifest.h"

namespace fettle::cli {

// The manifest of `revision`, fetched and checked against the digest that the revision names.
absl::StatusOr<policy::Manifest> FetchManifest(const PolicyClient& client,
                                               const v1::Revision& revision);

}  // namespace fettle::cli
