// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "lib/pki/handles.h"

namespace fettle::pki {

// What a certificate says. Texts are UTF-8 without control characters.
struct CertificateInfo {
  std::string common_name;  // "" if it has none.
  std::string issuer;       // The issuer's whole name, RFC 2253: "CN=Fettle CA".
  std::vector<std::string> uri_sans;
  std::vector<std::string> dns_sans;
  std::vector<std::string> ip_sans;  // "192.0.2.1", "2001:db8::1".
  absl::Time not_before;
  absl::Time not_after;
  std::string serial;  // Lower-case hexadecimal; what revocation lists name.
  Digest fingerprint;  // SHA-256 of the DER.
  bool is_ca = false;  // May sign certificates.
};

// Reads the first certificate in `pem`. Says nothing of whether it is to be trusted: that is
// VerifyCertificate. kInvalidArgument if there is none or it is damaged.
absl::StatusOr<CertificateInfo> ParseCertificate(std::string_view pem);

// The public key of the first certificate in `pem`, "BEGIN PUBLIC KEY".
absl::StatusOr<std::string> CertificatePublicKey(std::string_view pem);

// For lib/pki: likewise of a certificate as OpenSSL has it.
absl::StatusOr<CertificateInfo> DescribeCertificate(x509_st& certificate);

}  // namespace fettle::pki
