// SPDX-License-Identifier: Apache-2.0
#include "server/fleet/assigner.h"

#include "lib/base/status_macros.h"

namespace fettle::server {
namespace {

constexpr std::size_t kKeptRevisions = 64;

}  // namespace

absl::StatusOr<std::shared_ptr<const RevisionRecord>> Assigner::RevisionOf(
    const std::string& channel) {
  const auto record = store_.policy().GetChannel(channel);
  if (absl::IsNotFound(record.status()) || (record.ok() && record->revision_id.empty())) {
    return nullptr;
  }
  RETURN_IF_ERROR(record.status());
  {
    const absl::MutexLock lock(&mutex_);
    if (const auto found = revisions_.find(record->revision_id); found != revisions_.end()) {
      return found->second;
    }
  }
  ASSIGN_OR_RETURN(RevisionRecord revision, store_.policy().GetRevision(record->revision_id));
  auto shared = std::make_shared<const RevisionRecord>(std::move(revision));
  const absl::MutexLock lock(&mutex_);
  if (revisions_.size() >= kKeptRevisions) {
    revisions_.clear();
  }
  return revisions_.emplace(shared->id, shared).first->second;
}

absl::StatusOr<Assignment> Assigner::For(const std::string& host) {
  Assignment assignment;
  assignment.version = version_.load();  // Before the store is read: see Changed().
  ASSIGN_OR_RETURN(HostRecord record, store_.fleet().GetHost(host));
  ASSIGN_OR_RETURN(assignment.revision, RevisionOf(record.channel));
  assignment.channel = std::move(record.channel);
  assignment.labels = std::move(record.labels);
  return assignment;
}

absl::StatusOr<std::vector<std::pair<std::string, Assignment>>> Assigner::ForChannel(
    const std::string& channel) {
  const uint64_t version = version_.load();
  ASSIGN_OR_RETURN(const auto revision, RevisionOf(channel));
  ASSIGN_OR_RETURN(std::vector<HostRecord> hosts, store_.fleet().ListHosts());
  std::vector<std::pair<std::string, Assignment>> assignments;
  for (HostRecord& host : hosts) {
    if (host.channel == channel) {
      assignments.emplace_back(std::move(host.name),
                               Assignment{revision, channel, std::move(host.labels), version});
    }
  }
  return assignments;
}

}  // namespace fettle::server
