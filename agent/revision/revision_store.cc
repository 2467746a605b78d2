// SPDX-License-Identifier: Apache-2.0
#include "agent/revision/revision_store.h"

#include <algorithm>

#include "agent/journal/disk.h"
#include "agent/journal/frames.h"
#include "lib/base/bytes.h"
#include "lib/base/status_macros.h"
#include "lib/policy/delta.h"
#include "lib/policy/manifest.h"

namespace fettle::agent {
namespace {

void EncodeAssignment(const link::Assignment& assignment, ByteWriter* writer) {
  writer->Text(assignment.revision);
  writer->Raw(assignment.revision_id.Raw());
  writer->Text(assignment.statement);
  writer->Text(assignment.signature);
  writer->Text(assignment.channel);
  writer->Number(assignment.labels.size());
  for (const auto& [key, value] : assignment.labels) {
    writer->Text(key);
    writer->Text(value);
  }
}

Digest ReadDigest(ByteReader* reader) {
  return Digest::FromRaw(reader->Raw(Digest().bytes.size())).value_or(Digest());
}

link::Assignment DecodeAssignment(ByteReader* reader) {
  link::Assignment assignment;
  assignment.revision = reader->Text();
  assignment.revision_id = ReadDigest(reader);
  assignment.statement = reader->Text();
  assignment.signature = reader->Text();
  assignment.channel = reader->Text();
  const std::size_t labels = reader->Count(2);
  for (std::size_t i = 0; i < labels; ++i) {
    std::string key = reader->Text();
    assignment.labels.emplace(std::move(key), reader->Text());
  }
  return assignment;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RevisionStore>> RevisionStore::Open(
    const std::string& directory, const std::string& trusted_keys) {
  RETURN_IF_ERROR(journal::MakePrivateDirectory(directory));
  std::unique_ptr<RevisionStore> store(new RevisionStore(directory, trusted_keys));
  RETURN_IF_ERROR(store->Load());
  return store;
}

absl::Status RevisionStore::Load() {
  const auto bytes = journal::ReadWhole(RecordPath());
  if (absl::IsNotFound(bytes.status())) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(bytes.status());
  const journal::Frames frames = journal::ReadFrames(*bytes);
  ByteReader reader(frames.payloads.empty() ? std::string_view() : frames.payloads.front());
  link::Assignment assignment = DecodeAssignment(&reader);
  std::vector<Digest> trees(std::min(reader.Count(Digest().bytes.size()), kKept));
  std::generate(trees.begin(), trees.end(), [&] { return ReadDigest(&reader); });
  if (reader.failed() || !reader.at_end()) {
    messages_.push_back(
        fmt::format("{} is damaged; nothing is enforced until the server assigns a revision again",
                    RecordPath()));
    return absl::OkStatus();
  }
  current_ = std::move(assignment);
  trees_ = std::move(trees);
  return absl::OkStatus();
}

absl::Status RevisionStore::Save() const {
  ByteWriter writer;
  EncodeAssignment(*current_, &writer);
  writer.Number(trees_.size());
  for (const Digest& tree : trees_) {
    writer.Raw(tree.Raw());
  }
  std::string bytes;
  journal::AppendFrame(writer.bytes(), &bytes);
  return journal::ReplaceWhole(RecordPath(), bytes);
}

absl::StatusOr<policy::VerifiedRevision> RevisionStore::Verify(
    const link::Assignment& assignment) const {
  if (policy::RevisionId(assignment.statement) != assignment.revision_id) {
    return absl::DataLossError(
        "its statement is not the one that its id names: the server, or what lies between, altered "
        "it");
  }
  const auto text = journal::ReadWhole(trusted_keys_);
  if (!text.ok() && !absl::IsNotFound(text.status())) {
    return text.status();
  }
  const auto keys = policy::ParseAllowedKeys(text.value_or(""));
  RETURN_IF_ERROR(Annotate(keys.status(), trusted_keys_));
  if (keys->empty()) {
    return FailedPrecondition(
        "no key is trusted on this host, so nothing is applied: put the SSH public keys that may "
        "sign for it into {}, one a line",
        trusted_keys_);
  }
  auto verified = policy::VerifyRevision(assignment.statement, assignment.signature, *keys);
  RETURN_IF_ERROR(Annotate(verified.status(), fmt::format("checked against {}", trusted_keys_)));
  return verified;
}

absl::StatusOr<policy::Manifest> RevisionStore::ReadManifest(const Digest& tree) const {
  ASSIGN_OR_RETURN(const std::string text, blobs_.Blob(tree));
  return policy::ParseManifest(text);
}

absl::StatusOr<std::vector<Digest>> RevisionStore::Missing(const Digest& tree) const {
  const auto manifest = ReadManifest(tree);
  if (absl::IsNotFound(manifest.status())) {
    return std::vector<Digest>{tree};
  }
  RETURN_IF_ERROR(Annotate(manifest.status(), "its list of files"));
  return policy::MissingBlobs(*manifest,
                              [this](const Digest& digest) { return blobs_.Has(digest); });
}

absl::StatusOr<policy::Tree> RevisionStore::Assemble(const Digest& tree) const {
  ASSIGN_OR_RETURN(const policy::Manifest manifest, ReadManifest(tree));
  return policy::AssembleTree(manifest, [this](const Digest& digest) -> std::optional<std::string> {
    auto blob = blobs_.Blob(digest);
    return blob.ok() ? std::optional(*std::move(blob)) : std::nullopt;
  });
}

absl::Status RevisionStore::Adopt(const link::Assignment& assignment, const Digest& tree) {
  RETURN_IF_ERROR(blobs_.Sync());
  const bool moved = trees_.empty() || trees_.front() != tree;
  trees_.erase(std::remove(trees_.begin(), trees_.end(), tree), trees_.end());
  trees_.insert(trees_.begin(), tree);
  trees_.resize(std::min(trees_.size(), kKept));
  current_ = assignment;
  RETURN_IF_ERROR(Save());
  return moved ? Prune() : absl::OkStatus();
}

absl::Status RevisionStore::Prune() {
  absl::flat_hash_set<Digest> keep;
  for (const Digest& tree : trees_) {
    const auto manifest = ReadManifest(tree);
    if (!manifest.ok()) {
      continue;  // An older one that lost its manifest cannot be gone back to anyway.
    }
    keep.insert(tree);
    for (const policy::ManifestEntry& entry : manifest->entries) {
      keep.insert(entry.digest);
    }
  }
  return blobs_.Prune(keep);
}

}  // namespace fettle::agent
