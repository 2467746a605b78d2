// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/pki/handles.h"

namespace fettle::pki {

// An Ed25519 key with which an agent or the server signs statements of its own: audit log heads,
// reports. A signature is for one purpose, so that a signed statement of one kind is never taken
// for another. What is signed is exactly `purpose`, a NUL byte, then `message`; anyone can check it
// with plain Ed25519. Not changed after construction; safe to use from any thread.
class SigningKey {
 public:
  static absl::StatusOr<SigningKey> Generate();

  // From PKCS #8 PEM; kInvalidArgument for anything else, other kinds of key and encrypted keys.
  static absl::StatusOr<SigningKey> FromPem(std::string_view pem);

  // PKCS #8, not encrypted: for a file of mode 0600, for nothing else.
  absl::StatusOr<std::string> Pem() const;

  // The public half, "BEGIN PUBLIC KEY".
  absl::StatusOr<std::string> PublicPem() const;

  // Its 32 bytes, as VerifyEd25519() takes them.
  absl::StatusOr<std::string> RawPublic() const;

  // The 64 bytes of the signature; always the same for the same input. kInvalidArgument if
  // `purpose` is empty or holds NUL.
  absl::StatusOr<std::string> Sign(std::string_view purpose, std::string_view message) const;

  // Plain Ed25519 over `message` alone, for formats of others that say themselves what they are
  // (signed notes). Never for anything that could be taken for a statement of another kind.
  absl::StatusOr<std::string> SignPlain(std::string_view message) const;

 private:
  explicit SigningKey(KeyPtr key) : key_(std::move(key)) {}

  KeyPtr key_;
};

// OK if `signature` was made by SigningKey::Sign(purpose, message) with the key whose public half
// is `public_pem`. kInvalidArgument if that is no Ed25519 key or `signature` is not 64 bytes;
// kPermissionDenied if key, purpose, message and signature do not belong together.
absl::Status VerifySignature(std::string_view public_pem,
                             std::string_view purpose,
                             std::string_view message,
                             std::string_view signature);

// Plain Ed25519 (RFC 8032) under the 32 bytes of a public key: whether `signature` is one of
// `message`. False, too, for a key or a signature of the wrong size.
bool VerifyEd25519(std::string_view public_key,
                   std::string_view message,
                   std::string_view signature);

// The same of what SigningKey::Sign(purpose, message) signs.
bool VerifyStatement(std::string_view public_key,
                     std::string_view purpose,
                     std::string_view message,
                     std::string_view signature);

}  // namespace fettle::pki
