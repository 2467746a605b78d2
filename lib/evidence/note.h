// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "lib/pki/signing_key.h"

// Signed notes (C2SP signed-note): a text, an empty line, and lines that sign it:
//   — <name> <base 64 of a 4-byte key id and the Ed25519 signature of the text>
namespace fettle::evidence {

// A public key that signs notes, as people hand it on: "<name>+<key id>+<base 64>".
struct NoteKey {
  std::string name;
  std::string ed25519;  // 32 bytes.

  // kInvalidArgument unless it is exactly such a text, with the id that belongs to it.
  static absl::StatusOr<NoteKey> Parse(std::string_view text);
  std::string Text() const;

  // The four bytes that begin its signatures.
  std::string Id() const;

  bool operator==(const NoteKey&) const = default;
};

// `key`'s public half under `name`, which is not empty and holds neither blanks nor '+'.
absl::StatusOr<NoteKey> NoteKeyOf(const pki::SigningKey& key, std::string_view name);

// `text` (not empty, ends with a newline) with one signature.
absl::StatusOr<std::string> SignNote(std::string_view text,
                                     std::string_view name,
                                     const pki::SigningKey& key);

// The text of a note that `key` has signed. kInvalidArgument when it is no note; kPermissionDenied
// when `key` has not signed it, or this is not what it signed. Signatures of others are passed
// over.
absl::StatusOr<std::string> OpenNote(std::string_view note, const NoteKey& key);

}  // namespace fettle::evidence
