// SPDX-License-Identifier: Apache-2.0
// Inside lib/pki only: the parts of which a certificate is built.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "lib/pki/identity.h"
#include "lib/pki/openssl.h"

namespace fettle::pki {

// Version 3, a random 128-bit serial and the validity. kInvalidArgument if the end is not after the
// begin or a time cannot be written.
absl::Status StartCertificate(X509& certificate, absl::Time begin, absl::Time end);

// Adds the extension `nid` from OpenSSL's own notation. `value` must be a text of ours: the
// notation has more power than what comes from others may have. `issuer` is for key identifiers.
absl::Status AddExtension(X509& certificate, X509& issuer, int nid, const char* value);

// The subject alternative names, written without that notation.
struct AlternativeNames {
  std::string uri;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
};

// `critical` is for a certificate whose subject is empty (RFC 5280, 4.2.1.6).
absl::Status AddAlternativeNames(X509& certificate, const AlternativeNames& names, bool critical);

// Signs with SHA-256.
absl::Status SignCertificate(X509& certificate, EVP_PKEY* key);

}  // namespace fettle::pki
