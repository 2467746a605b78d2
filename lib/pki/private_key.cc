// SPDX-License-Identifier: Apache-2.0
#include "lib/pki/private_key.h"

#include "lib/base/status_macros.h"
#include "lib/pki/openssl.h"

namespace fettle::pki {

absl::StatusOr<PrivateKey> PrivateKey::Generate() {
  const ErrorScope errors;
  KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) {
    return Internal("making a P-256 key: {}", LastError());
  }
  return PrivateKey(std::move(key));
}

absl::StatusOr<PrivateKey> PrivateKey::FromPem(std::string_view pem) {
  const ErrorScope errors;
  ASSIGN_OR_RETURN(KeyPtr key, ReadPrivateKey(pem));
  if (!IsP256(key.get())) {
    return InvalidArgument("the private key is not ECDSA on P-256, the kind that TLS here uses");
  }
  return PrivateKey(std::move(key));
}

absl::StatusOr<std::string> PrivateKey::Pem() const {
  return PrivateKeyPem(key_.get());
}

absl::StatusOr<std::string> PrivateKey::PublicPem() const {
  return PublicKeyPem(key_.get());
}

absl::StatusOr<bool> PrivateKey::Matches(std::string_view public_pem) const {
  const ErrorScope errors;
  ASSIGN_OR_RETURN(const KeyPtr other, ReadPublicKey(public_pem));
  return EVP_PKEY_eq(key_.get(), other.get()) == 1;
}

}  // namespace fettle::pki
