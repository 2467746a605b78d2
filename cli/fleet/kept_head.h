// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "lib/evidence/note.h"

// What somebody who checks a server remembers of it, beside his credentials: the key of its
// evidence log and the last head that he found good. A server that rewrites its log is caught by
// who has an older head.
namespace fettle::cli {

struct KeptHead {
  std::optional<evidence::NoteKey> key;
  std::string head;  // A signed note; "" for none.
};

// From the files evidence-key and evidence-head of `folder`; what is not there is empty.
absl::StatusOr<KeptHead> LoadKeptHead(const std::string& folder);

absl::Status SaveKeptHead(const std::string& folder, const KeptHead& kept);

}  // namespace fettle::cli
