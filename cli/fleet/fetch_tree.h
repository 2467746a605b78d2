// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "cli/client/policy_client.h"
#include "lib/policy/manifest.h"

namespace fettle::cli {

// The manifest of `revision`, fetched and checked against the digest that the revision names.
absl::StatusOr<policy::Manifest> FetchManifest(const PolicyClient& client,
                                               const v1::Revision& revision);

// Writes the files of `manifest` into `folder`, which is made and may be there only when it is
// empty: kAlreadyExists.
absl::Status WriteTree(const PolicyClient& client,
                       const policy::Manifest& manifest,
                       const std::string& folder);

}  // namespace fettle::cli
