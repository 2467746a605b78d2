// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/pki/certificate_info.h"
#include "lib/pki/identity.h"

namespace fettle::pki {

// A certificate that was found good, and whom it stands for.
struct VerifiedCertificate {
  CertificateInfo info;
  Identity identity;
};

// Checks that the first certificate in `pem` was signed by an authority in `trusted_pem` (one or,
// while an authority is replaced, several), is valid at `at`, stands for exactly one Identity, and
// may be used as that identity's role is used. kInvalidArgument if a text is damaged;
// kPermissionDenied says why the certificate is not accepted. Revocation is the caller's to check,
// by info.serial. To judge an expired certificate by what it was, pass a time at which it was
// valid.
absl::StatusOr<VerifiedCertificate> VerifyCertificate(std::string_view pem,
                                                      std::string_view trusted_pem,
                                                      absl::Time at);

// The same, and kPermissionDenied unless the certificate is for `role`.
absl::StatusOr<VerifiedCertificate> VerifyCertificateFor(Role role,
                                                         std::string_view pem,
                                                         std::string_view trusted_pem,
                                                         absl::Time at);

}  // namespace fettle::pki
