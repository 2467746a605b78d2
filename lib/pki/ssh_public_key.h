// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace fettle::pki {

// A public key as OpenSSH writes it: `ssh-ed25519`, or `sk-ssh-ed25519@openssh.com` for one that
// lives in a hardware token. A value.
struct SshPublicKey {
  std::string algorithm;
  std::string ed25519;      // The 32 bytes of the Ed25519 key.
  std::string application;  // Of a hardware key: "ssh:" as a rule. "" for others.
  std::string comment;      // Behind the key on its line; whose it is. Decides nothing.

  // OpenSSH's binary form: what is hashed, sent, and compared.
  std::string Blob() const;

  // "SHA256:" and 43 characters, as `ssh-keygen -l` shows it.
  std::string Fingerprint() const;

  // "algorithm base64 comment".
  std::string Line() const;

  bool hardware() const;
};

// Reads one line: "ssh-ed25519 AAAA… comment", with a principal before it as in an allowed-signers
// file if need be (it is then the comment of a key that has none). kInvalidArgument for other
// algorithms, for damage, and for options: ignoring a restriction would widen it.
absl::StatusOr<SshPublicKey> ParseSshPublicKey(std::string_view line);

// Reads lines as above; empty lines and those that begin with '#' are skipped. An error names its
// line.
absl::StatusOr<std::vector<SshPublicKey>> ParseSshPublicKeys(std::string_view text);

// Reads the binary form, without a comment.
absl::StatusOr<SshPublicKey> ParseSshPublicKeyBlob(std::string_view blob);

}  // namespace fettle::pki
