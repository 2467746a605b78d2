// SPDX-License-Identifier: Apache-2.0
#include "server/policy/publisher.h"

#include <optional>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/policy/delta.h"
#include "lib/policy/manifest.h"
#include "lib/sys/linux_files.h"

namespace fettle::server {
namespace {

constexpr uint64_t kMaxKeysFile = 1 << 20;
constexpr std::size_t kShownMissing = 5;

absl::StatusOr<std::vector<pki::SshPublicKey>> ReadKeys(const std::string& path) {
  const auto text = sys::LinuxFiles("", "").Read(path, kMaxKeysFile);
  if (!text.ok() && !absl::IsNotFound(text.status())) {
    return text.status();
  }
  auto keys = policy::ParseAllowedKeys(text.ok() ? *text : "");
  if (!keys.ok()) {
    return FailedPrecondition("{} on the server: {}", path, Message(keys.status()));
  }
  if (keys->empty()) {
    return FailedPrecondition(
        "no key may publish yet: put the SSH public keys of those who may, one a line, into {} on "
        "the server",
        path);
  }
  return keys;
}

std::string Signer(const pki::SshPublicKey& key) {
  return key.comment.empty() ? key.Fingerprint()
                             : fmt::format("{} {}", key.Fingerprint(), key.comment);
}

}  // namespace

absl::StatusOr<std::string> Publisher::CheckSignature(const std::string& statement,
                                                      const std::string& signature) const {
  if (signature.empty()) {
    if (options_.allow_unsigned) {
      return std::string();
    }
    return PermissionDenied(
        "the revision is not signed, and this server takes signed ones only: sign it with `fettle "
        "publish --sign-key KEY`");
  }
  ASSIGN_OR_RETURN(const auto keys, ReadKeys(options_.trusted_keys));
  ASSIGN_OR_RETURN(const policy::VerifiedRevision verified,
                   policy::VerifyRevision(statement, signature, keys));
  return Signer(verified.signer);
}

absl::Status Publisher::CheckParent(const policy::Revision& revision) {
  if (revision.parent.empty()) {
    return absl::OkStatus();
  }
  const auto parent = store_.GetRevision(revision.parent);
  if (absl::IsNotFound(parent.status())) {
    return FailedPrecondition("the parent of this revision, {}, is not on this server",
                              revision.parent.Hex());
  }
  return parent.status();
}

absl::Status Publisher::CheckTree(const policy::Revision& revision) {
  const auto text = store_.GetBlob(revision.tree);
  if (absl::IsNotFound(text.status())) {
    return FailedPrecondition("the manifest {} was not uploaded", revision.tree.Hex());
  }
  RETURN_IF_ERROR(text.status());
  ASSIGN_OR_RETURN(const policy::Manifest manifest, policy::ParseManifest(*text));
  std::vector<Digest> digests = policy::MissingBlobs(manifest, [](const Digest&) { return false; });
  ASSIGN_OR_RETURN(const std::vector<Digest> missing, store_.MissingBlobs(digests));
  if (!missing.empty()) {
    std::string list;
    for (std::size_t i = 0; i < missing.size() && i < kShownMissing; ++i) {
      list += " " + missing[i].Hex();
    }
    return FailedPrecondition("{} blobs were not uploaded, among them{}", missing.size(), list);
  }
  absl::Status failed;
  const auto tree =
      policy::AssembleTree(manifest, [&](const Digest& digest) -> std::optional<std::string> {
        auto blob = store_.GetBlob(digest);
        if (!blob.ok()) {
          failed = blob.status();
          return std::nullopt;
        }
        return *std::move(blob);
      });
  RETURN_IF_ERROR(failed);
  RETURN_IF_ERROR(tree.status());
  return options_.lint ? options_.lint(*tree) : absl::OkStatus();
}

absl::StatusOr<RevisionRecord> Publisher::Publish(const std::string& statement,
                                                  const std::string& signature,
                                                  const std::string& published_by,
                                                  const ActOf<RevisionRecord>& act) {
  ASSIGN_OR_RETURN(const policy::Revision revision, policy::ParseRevision(statement));
  RevisionRecord record;
  ASSIGN_OR_RETURN(record.signed_by, CheckSignature(statement, signature));
  RETURN_IF_ERROR(CheckParent(revision));
  RETURN_IF_ERROR(CheckTree(revision));
  record.id = policy::RevisionId(statement);
  record.statement = statement;
  record.signature = signature;
  record.published = clock_.Now();
  record.published_by = published_by;
  auto added = store_.AddRevision(record, act);
  if (absl::IsAlreadyExists(added.status())) {
    return store_.GetRevision(record.id);
  }
  return added;
}

}  // namespace fettle::server
