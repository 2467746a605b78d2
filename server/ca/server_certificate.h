// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/pki/certificate_authority.h"
#include "server/ca/data_dir.h"

namespace fettle::server {

// Sees to it that DataDir::Tls() holds a key and certificate of the server for exactly `names` (DNS
// names and addresses), issued by `authority`, with more than half of their life ahead; makes new
// ones otherwise. Answers whether it did. The old ones are in use, whole, until the new ones are.
absl::StatusOr<bool> EnsureServerCertificate(const DataDir& data,
                                             const pki::CertificateAuthority& authority,
                                             std::span<const std::string> names,
                                             absl::Time now);

}  // namespace fettle::server
