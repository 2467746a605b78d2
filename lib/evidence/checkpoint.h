// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/evidence/merkle.h"
#include "lib/evidence/note.h"

namespace fettle::evidence {

// The head of a log, as it is signed (C2SP tlog-checkpoint): its name, its size, its root, and, as
// an extension line, when it was made.
struct Checkpoint {
  std::string origin;
  TreeHead head;
  absl::Time time;
  bool operator==(const Checkpoint&) const = default;
};

// The text of a note. Times are kept to the microsecond.
std::string FormatCheckpoint(const Checkpoint& checkpoint);

// kInvalidArgument unless it is what FormatCheckpoint() writes.
absl::StatusOr<Checkpoint> ParseCheckpoint(std::string_view text);

// A signed head under its origin's name, and the inverse (see OpenNote(); the origin must be the
// key's name).
absl::StatusOr<std::string> SignCheckpoint(const Checkpoint& checkpoint,
                                           const pki::SigningKey& key);
absl::StatusOr<Checkpoint> OpenCheckpoint(std::string_view note, const NoteKey& key);

}  // namespace fettle::evidence
