// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "lib/digest/digest.h"

namespace fettle::pki {

// What a new host needs to enrol: proof that it may, and which authority to trust. Its text is
// `fettle1.<secret, base64url>.<SHA-256 of the CA certificate's DER, hex>`, one word to copy.
struct EnrolToken {
  std::string secret;     // 32 random bytes. Never stored by the server, never logged.
  Digest ca_fingerprint;  // What FetchPinnedCa must find.

  // A token with a new secret.
  static EnrolToken Create(const Digest& ca_fingerprint);

  // Reads Text()'s form; white space around it is dropped. kInvalidArgument says which part is
  // wrong, without showing the secret.
  static absl::StatusOr<EnrolToken> Parse(std::string_view text);

  std::string Text() const;

  // What the server stores and looks up instead of the secret.
  Digest SecretHash() const;
};

}  // namespace fettle::pki
