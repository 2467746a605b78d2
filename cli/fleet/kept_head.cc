// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet/kept_head.h"

#include "cli/client/user_files.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::cli {
namespace {

constexpr uint64_t kMaxNoteBytes = 64U << 10;

// "" when there is no such file.
absl::StatusOr<std::string> ReadIfThere(const std::string& path) {
  auto content = ReadUserFile(path, kMaxNoteBytes);
  return absl::IsNotFound(content.status()) ? std::string() : content;
}

}  // namespace

absl::StatusOr<KeptHead> LoadKeptHead(const std::string& folder) {
  KeptHead kept;
  ASSIGN_OR_RETURN(const std::string key, ReadIfThere(folder + "/evidence-key"));
  ASSIGN_OR_RETURN(kept.head, ReadIfThere(folder + "/evidence-head"));
  if (!key.empty()) {
    auto parsed = evidence::NoteKey::Parse(Trim(key));
    RETURN_IF_ERROR(Annotate(parsed.status(), folder + "/evidence-key"));
    kept.key = *std::move(parsed);
  }
  return kept;
}

absl::Status SaveKeptHead(const std::string& folder, const KeptHead& kept) {
  if (kept.key.has_value()) {
    RETURN_IF_ERROR(WriteUserFile(folder + "/evidence-key", kept.key->Text() + "\n", 0644));
  }
  return WriteUserFile(folder + "/evidence-head", kept.head, 0644);
}

}  // namespace fettle::cli
