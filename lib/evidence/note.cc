// SPDX-License-Identifier: Apache-2.0
#include "lib/evidence/note.h"

#include <cstddef>

#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/digest/digest.h"
#include "lib/pki/base64.h"

namespace fettle::evidence {
namespace {

constexpr char kEd25519 = 1;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kIdBytes = 4;
constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kMostBytes = std::size_t{1} << 20;
constexpr std::string_view kDash = "\u2014 ";

bool GoodName(std::string_view name) {
  return !name.empty() && IsText(name) &&
         name.find_first_of(" \t\r\n\v\f+") == std::string_view::npos;
}

absl::Status CheckName(std::string_view name) {
  return GoodName(name) ? absl::OkStatus()
                        : InvalidArgument("\"{}\" cannot name a key: blanks and '+' may not", name);
}

std::string KeyBytes(const NoteKey& key) {
  return kEd25519 + key.ed25519;
}

absl::Status BadKey() {
  return InvalidArgument(
      "this is no public key of evidence: it looks like NAME+0123abcd+AQ…, as `fettle-server init` "
      "prints it");
}

// Whether a line "— name base64" is `key`'s signature; kInvalidArgument when it is no such line.
absl::StatusOr<bool> IsOf(std::string_view line, const NoteKey& key, std::string* signature) {
  if (!line.starts_with(kDash)) {
    return InvalidArgument("a line of signatures does not begin with a dash");
  }
  line.remove_prefix(kDash.size());
  const std::size_t blank = line.find(' ');
  std::string bytes;
  if (blank == std::string_view::npos || !GoodName(line.substr(0, blank)) ||
      !pki::Base64Decode(line.substr(blank + 1), &bytes) || bytes.size() <= kIdBytes) {
    return InvalidArgument("a line of signatures is damaged");
  }
  *signature = bytes.substr(kIdBytes);
  return line.substr(0, blank) == key.name && bytes.substr(0, kIdBytes) == key.Id();
}

}  // namespace

std::string NoteKey::Id() const {
  const std::string bytes = fmt::format("{}\n{}", name, KeyBytes(*this));
  return std::string(Sha256(bytes).Raw().substr(0, kIdBytes));
}

std::string NoteKey::Text() const {
  return fmt::format("{}+{}+{}", name, HexEncode(Id()), pki::Base64Encode(KeyBytes(*this)));
}

absl::StatusOr<NoteKey> NoteKey::Parse(std::string_view text) {
  const std::size_t first = text.find('+');
  const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  std::string bytes;
  if (second == std::string_view::npos || !pki::Base64Decode(text.substr(second + 1), &bytes) ||
      bytes.size() != 1 + kKeyBytes || bytes.front() != kEd25519) {
    return BadKey();
  }
  NoteKey key{std::string(text.substr(0, first)), bytes.substr(1)};
  if (!GoodName(key.name) || key.Text() != text) {
    return BadKey();
  }
  return key;
}

absl::StatusOr<NoteKey> NoteKeyOf(const pki::SigningKey& key, std::string_view name) {
  RETURN_IF_ERROR(CheckName(name));
  NoteKey made;
  made.name = name;
  ASSIGN_OR_RETURN(made.ed25519, key.RawPublic());
  return made;
}

absl::StatusOr<std::string> SignNote(std::string_view text,
                                     std::string_view name,
                                     const pki::SigningKey& key) {
  if (!IsText(text) || !text.ends_with('\n')) {
    return InvalidArgument("a note is text that ends with a newline");
  }
  ASSIGN_OR_RETURN(const NoteKey known, NoteKeyOf(key, name));
  ASSIGN_OR_RETURN(const std::string signature, key.SignPlain(text));
  return fmt::format("{}\n{}{} {}\n", text, kDash, name, pki::Base64Encode(known.Id() + signature));
}

absl::StatusOr<std::string> OpenNote(std::string_view note, const NoteKey& key) {
  // The last empty line: the text may hold others.
  const std::size_t split = note.rfind("\n\n");
  if (note.size() > kMostBytes || !IsText(note) || split == std::string_view::npos ||
      !note.ends_with('\n') || split + 2 == note.size()) {
    return InvalidArgument("this is no signed note");
  }
  const std::string_view text = note.substr(0, split + 1);
  bool signed_by_key = false;
  for (const std::string_view line : SplitLines(note.substr(split + 2))) {
    std::string signature;
    ASSIGN_OR_RETURN(const bool of_key, IsOf(line, key, &signature));
    if (!of_key) {
      continue;
    }
    if (signature.size() != kSignatureBytes || !pki::VerifyEd25519(key.ed25519, text, signature)) {
      return PermissionDenied("the signature of {} does not fit: the note was altered", key.name);
    }
    signed_by_key = true;
  }
  if (!signed_by_key) {
    return PermissionDenied("this note is not signed by the key {}", key.Text());
  }
  return std::string(text);
}

}  // namespace fettle::evidence
