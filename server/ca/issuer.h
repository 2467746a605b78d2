// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/pki/certificate_authority.h"
#include "server/store/types.h"

namespace fettle::server {

struct IssuedCertificate {
  std::string pem;
  CertificateRecord record;
};

// A certificate of a host or user for the key of `request_pem`. Errors as
// CertificateAuthority::Issue().
absl::StatusOr<IssuedCertificate> IssueCertificate(const pki::CertificateAuthority& authority,
                                                   const pki::Identity& identity,
                                                   const std::string& request_pem,
                                                   absl::Duration validity,
                                                   absl::Time now);

// The name of the key in a certificate or request: SHA-256 of its PEM.
Digest KeyDigest(const std::string& public_key_pem);

}  // namespace fettle::server
