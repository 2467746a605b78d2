// SPDX-License-Identifier: Apache-2.0
#include "lib/evidence/checkpoint.h"

#include <vector>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/pki/base64.h"

namespace fettle::evidence {
namespace {

constexpr std::string_view kTime = "time ";

}  // namespace

std::string FormatCheckpoint(const Checkpoint& checkpoint) {
  return fmt::format("{}\n{}\n{}\n{}{}\n",
                     checkpoint.origin,
                     checkpoint.head.size,
                     pki::Base64Encode(checkpoint.head.root.Raw()),
                     kTime,
                     absl::ToUnixMicros(checkpoint.time));
}

absl::StatusOr<Checkpoint> ParseCheckpoint(std::string_view text) {
  const absl::Status bad = InvalidArgument("this is no head of an evidence log");
  const std::vector<std::string_view> lines = SplitLines(text);
  int64_t size = 0;
  int64_t micros = 0;
  std::string root;
  if (lines.size() != 4 || lines[0].empty() || !ParseInt(lines[1], &size) || size < 0 ||
      !pki::Base64Decode(lines[2], &root) || !lines[3].starts_with(kTime) ||
      !ParseInt(lines[3].substr(kTime.size()), &micros)) {
    return bad;
  }
  Checkpoint checkpoint;
  checkpoint.origin = lines[0];
  checkpoint.head.size = static_cast<uint64_t>(size);
  const auto digest = Digest::FromRaw(root);
  if (!digest.ok()) {
    return bad;
  }
  checkpoint.head.root = *digest;
  checkpoint.time = absl::FromUnixMicros(micros);
  return FormatCheckpoint(checkpoint) == text ? absl::StatusOr<Checkpoint>(checkpoint) : bad;
}

absl::StatusOr<std::string> SignCheckpoint(const Checkpoint& checkpoint,
                                           const pki::SigningKey& key) {
  return SignNote(FormatCheckpoint(checkpoint), checkpoint.origin, key);
}

absl::StatusOr<Checkpoint> OpenCheckpoint(std::string_view note, const NoteKey& key) {
  ASSIGN_OR_RETURN(const std::string text, OpenNote(note, key));
  ASSIGN_OR_RETURN(Checkpoint checkpoint, ParseCheckpoint(text));
  if (checkpoint.origin != key.name) {
    return PermissionDenied(
        "this is the head of the log {}, and the key is that of {}", checkpoint.origin, key.name);
  }
  return checkpoint;
}

}  // namespace fettle::evidence
