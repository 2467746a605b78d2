// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/digest/digest.h"
#include "lib/pki/ssh_public_key.h"

namespace fettle::policy {

// What a revision's signature is for: `ssh-keygen -Y sign -n fettle-revision`.
inline constexpr std::string_view kRevisionNamespace = "fettle-revision";

// An immutable snapshot of a policy tree, with who made it and why.
struct Revision {
  int64_t number = 0;      // The server's, for people ("r42"); 0 before it has one. Not signed.
  Digest tree;             // TreeDigest().
  Digest parent;           // Id of the revision before; empty for the first.
  std::string author;      // One line.
  std::string message;     // Any text without control characters but newlines.
  std::string git_commit;  // Hexadecimal, or "" when not from git.
  absl::Time created;      // Whole seconds.
  bool operator==(const Revision&) const = default;
};

// The text that is signed and hashed:
//   fettle-revision-v1
//   tree <hex>
//   parent <hex or "-">
//   author <text>
//   created <RFC 3339, UTC, whole seconds>
//   git <hex or "-">
//   message
//   <the message to the end>
// kInvalidArgument when a field cannot stand in it. `number` is not in it: the server gives it.
absl::StatusOr<std::string> RevisionStatement(const Revision& revision);

// The inverse (number 0); kInvalidArgument for every text that RevisionStatement cannot have
// written.
absl::StatusOr<Revision> ParseRevision(std::string_view statement);

// The id of a revision: SHA-256 of its statement.
Digest RevisionId(std::string_view statement);

// A revision that one of `trusted` signed, and the key that did.
struct VerifiedRevision {
  Revision revision;
  Digest id;
  pki::SshPublicKey signer;
};

// Believes `statement` only if `signature` (armored SSHSIG) is a trusted key's over these bytes in
// kRevisionNamespace; the codes are pki::VerifySshSignature's, the message says what to do.
absl::StatusOr<VerifiedRevision> VerifyRevision(std::string_view statement,
                                                std::string_view signature,
                                                std::span<const pki::SshPublicKey> trusted);

// The keys of an allowed-keys file: an SSH public key a line, '#' begins a comment. An error names
// the line.
absl::StatusOr<std::vector<pki::SshPublicKey>> ParseAllowedKeys(std::string_view text);

}  // namespace fettle::policy
