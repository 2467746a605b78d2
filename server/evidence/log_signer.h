// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "lib/evidence/note.h"
#include "lib/pki/signing_key.h"
#include "server/ca/data_dir.h"
#include "server/store/evidence.h"

namespace fettle::server {

// Signs the heads of the evidence log. Its key is a file of its own, so that what it signed stays
// good when certificates are renewed. Not changed after construction; safe from any thread.
class LogSigner {
 public:
  // With the key of `data`, which is made when there is none. `origin` names the log, for ever.
  static absl::StatusOr<LogSigner> Load(const DataDir& data, const std::string& origin);

  LogSigner(pki::SigningKey key, evidence::NoteKey note_key)
      : key_(std::move(key)), note_key_(std::move(note_key)) {}

  const pki::SigningKey& key() const { return key_; }

  // The public half, for whoever checks.
  const evidence::NoteKey& note_key() const { return note_key_; }

  // Signs the head as of now, and keeps it.
  absl::StatusOr<HeadRecord> Sign(EvidenceStore& store, absl::Time now) const;

  // The same if the newest head that was kept is older than `most` and leaves came since.
  absl::Status SignIfOld(EvidenceStore& store, absl::Time now, absl::Duration most) const;

 private:
  pki::SigningKey key_;
  evidence::NoteKey note_key_;
};

}  // namespace fettle::server
