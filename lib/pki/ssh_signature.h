// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/pki/ssh_public_key.h"

namespace fettle::pki {

// A signature made by `ssh-keygen -Y sign` (OpenSSH's PROTOCOL.sshsig, version 1), read and not yet
// believed.
struct SshSignature {
  SshPublicKey key;            // The key that it claims.
  std::string name_space;      // What it was made for: "fettle-revision@…".
  std::string reserved;        // Signed with the rest; empty today.
  std::string hash_algorithm;  // "sha256" or "sha512", of the message.
  std::string ed25519;         // The 64 bytes.
  uint8_t flags = 0;           // Of a hardware key: bit 0 says that somebody touched it.
  uint32_t counter = 0;        // Of a hardware key.
};

// Reads "-----BEGIN SSH SIGNATURE-----" … . White space around it and CRLF line ends are accepted.
// kNotFound if `armored` is empty (there is no signature); kInvalidArgument if it is damaged, of
// another version, algorithm or hash.
absl::StatusOr<SshSignature> ParseSshSignature(std::string_view armored);

// Checks that `armored` is a signature over `message`, made for `name_space` by one of `trusted`,
// and returns that key as it stands in `trusted`. A hardware key must have been touched. Errors:
//   kNotFound            no signature at all
//   kInvalidArgument     damaged, or of a kind that is not supported
//   kFailedPrecondition  made for another name space: for something else
//   kPermissionDenied    good, by a key that is not trusted (named by its fingerprint)
//   kDataLoss            does not fit: the message or the signature was altered, or a hardware key
//                        was not touched
// A signature that does not fit is told apart from an unknown key before trust is looked at, so
// that a message never blames a key for what it did not sign.
absl::StatusOr<SshPublicKey> VerifySshSignature(std::string_view message,
                                                std::string_view armored,
                                                std::string_view name_space,
                                                std::span<const SshPublicKey> trusted);

}  // namespace fettle::pki
