// SPDX-License-Identifier: Apache-2.0
#include "server/evidence/log_signer.h"

#include "lib/base/status_macros.h"
#include "lib/evidence/checkpoint.h"

namespace fettle::server {
namespace {

absl::StatusOr<pki::SigningKey> MakeKey(const DataDir& data, const std::string& path) {
  ASSIGN_OR_RETURN(pki::SigningKey key, pki::SigningKey::Generate());
  ASSIGN_OR_RETURN(const std::string pem, key.Pem());
  RETURN_IF_ERROR(data.WriteNew(path, pem, 0600));
  return key;
}

absl::StatusOr<pki::SigningKey> LoadKey(const DataDir& data) {
  const std::string path = data.EvidenceKey();
  const auto pem = data.Read(path);
  if (absl::IsNotFound(pem.status())) {
    return MakeKey(data, path);
  }
  RETURN_IF_ERROR(pem.status());
  auto key = pki::SigningKey::FromPem(*pem);
  RETURN_IF_ERROR(Annotate(key.status(), path + ": restore it from a backup"));
  return key;
}

}  // namespace

absl::StatusOr<LogSigner> LogSigner::Load(const DataDir& data, const std::string& origin) {
  ASSIGN_OR_RETURN(pki::SigningKey key, LoadKey(data));
  ASSIGN_OR_RETURN(evidence::NoteKey note_key, evidence::NoteKeyOf(key, origin));
  return LogSigner(std::move(key), std::move(note_key));
}

absl::StatusOr<HeadRecord> LogSigner::Sign(EvidenceStore& store, absl::Time now) const {
  ASSIGN_OR_RETURN(const evidence::TreeHead head, store.Head());
  ASSIGN_OR_RETURN(std::string note, evidence::SignCheckpoint({note_key_.name, head, now}, key_));
  HeadRecord record{head.size, now, std::move(note)};
  RETURN_IF_ERROR(store.AddHead(record));
  return record;
}

absl::Status LogSigner::SignIfOld(EvidenceStore& store, absl::Time now, absl::Duration most) const {
  const auto newest = store.NewestHead();
  if (newest.ok() && now - newest->time < most) {
    return absl::OkStatus();
  }
  if (!newest.ok() && !absl::IsNotFound(newest.status())) {
    return newest.status();
  }
  ASSIGN_OR_RETURN(const evidence::TreeHead head, store.Head());
  if (newest.ok() && newest->size == head.size) {
    return absl::OkStatus();
  }
  return Sign(store, now).status();
}

}  // namespace fettle::server
