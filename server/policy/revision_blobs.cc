// SPDX-License-Identifier: Apache-2.0
#include "server/policy/revision_blobs.h"

#include "lib/base/status_macros.h"
#include "lib/policy/manifest.h"
#include "lib/policy/revision.h"

namespace fettle::server {
namespace {

constexpr std::size_t kRemembered = 16;

}  // namespace

absl::StatusOr<std::shared_ptr<const RevisionBlobs::Set>> RevisionBlobs::Of(
    const Digest& revision) {
  {
    const absl::MutexLock lock(&mutex_);
    if (const auto found = known_.find(revision); found != known_.end()) {
      return found->second;
    }
  }
  ASSIGN_OR_RETURN(const RevisionRecord record, store_.GetRevision(revision));
  ASSIGN_OR_RETURN(const policy::Revision parsed, policy::ParseRevision(record.statement));
  ASSIGN_OR_RETURN(const std::string text, store_.GetBlob(parsed.tree));
  ASSIGN_OR_RETURN(const policy::Manifest manifest, policy::ParseManifest(text));
  auto set = std::make_shared<Set>();
  set->insert(parsed.tree);
  for (const policy::ManifestEntry& entry : manifest.entries) {
    set->insert(entry.digest);
  }
  const absl::MutexLock lock(&mutex_);
  if (known_.size() >= kRemembered) {
    known_.clear();
  }
  return known_.emplace(revision, std::move(set)).first->second;
}

}  // namespace fettle::server
