// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

#include "lib/pki/handles.h"

namespace fettle::pki {

// A private key for TLS: ECDSA on P-256, the one kind that fettle makes and accepts. It has no text
// form but Pem(), and no error message holds any part of it. Not changed after construction; safe
// to read from any thread.
class PrivateKey {
 public:
  // A new key from the system's random numbers. kInternal if libcrypto cannot.
  static absl::StatusOr<PrivateKey> Generate();

  // From PEM, PKCS #8 or the older "EC PRIVATE KEY". kInvalidArgument for anything else, for
  // another kind of key, and for an encrypted key: nothing here asks for a passphrase.
  static absl::StatusOr<PrivateKey> FromPem(std::string_view pem);

  // PKCS #8, not encrypted: for a file of mode 0600, for nothing else.
  absl::StatusOr<std::string> Pem() const;

  // The public half, "BEGIN PUBLIC KEY".
  absl::StatusOr<std::string> PublicPem() const;

  // Whether `public_pem` is this key's public half. kInvalidArgument if it is no key.
  absl::StatusOr<bool> Matches(std::string_view public_pem) const;

  // For lib/pki: the key as OpenSSL has it, never null. Stays ours.
  evp_pkey_st* handle() const { return key_.get(); }

 private:
  explicit PrivateKey(KeyPtr key) : key_(std::move(key)) {}

  KeyPtr key_;
};

}  // namespace fettle::pki
