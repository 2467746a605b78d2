// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "lib/pki/private_key.h"

namespace fettle::pki {

// A request for a certificate (PKCS #10, PEM) for the public half of `key`, signed with it.
// `common_name` is a wish: whoever issues decides the name. kInvalidArgument if it has more than 64
// bytes or control characters; it may be empty.
absl::StatusOr<std::string> MakeCertificateRequest(const PrivateKey& key,
                                                   std::string_view common_name);

// What a verified request says. Its sender holds the private half of the key; nothing else of it is
// proven.
struct CertificateRequest {
  std::string common_name;
  std::string public_key_pem;
};

// Reads a request and checks its signature (proof that the sender holds the key). kInvalidArgument
// if it is damaged or its key is not P-256; kPermissionDenied if the signature is not by that key.
absl::StatusOr<CertificateRequest> VerifyCertificateRequest(std::string_view pem);

}  // namespace fettle::pki
