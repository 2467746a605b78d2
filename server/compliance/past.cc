// SPDX-License-Identifier: Apache-2.0
#include "server/compliance/past.h"

#include <algorithm>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace fettle::server {

bool IsPast(const AssessmentScope& scope) {
  return scope.at != absl::InfiniteFuture();
}

absl::StatusOr<Digest> RevisionByName(PolicyStore& policy, const std::string& name) {
  int64_t number = 0;
  if (!name.starts_with('r') || !ParseInt(std::string_view(name).substr(1), &number)) {
    return NotFound("there is no revision \"{}\"", name);
  }
  ASSIGN_OR_RETURN(const RevisionRecord record, policy.GetRevisionByNumber(number));
  return record.id;
}

void NotePresence(absl::Time at, absl::Duration heartbeat, std::vector<HostView>* hosts) {
  for (HostView& host : *hosts) {
    HostRecord then;  // Not revoked, so that it is the time that tells.
    then.last_seen = host.record.last_seen;
    host.presence = PresenceOf(then, at, heartbeat);
  }
}

std::vector<std::string> CaveatsOf(const std::vector<HostView>& hosts,
                                   absl::Time at,
                                   absl::Time kept) {
  std::vector<std::string> caveats = {
      "labels are those of now, for the filter and for what waivers cover",
      "which hosts were silent for a while is not kept: what a host said last before counts, "
      "unless "
      "nothing was heard of it since"};
  const auto unknown = std::count_if(hosts.begin(), hosts.end(), [](const HostView& host) {
    return host.record.revision.empty() && host.record.counts.total() == 0;
  });
  if (unknown > 0) {
    caveats.push_back(
        fmt::format("of {} of {} hosts nothing is known at {}; no control applies to them",
                    unknown,
                    hosts.size(),
                    Rfc3339(at)));
  }
  if (at < kept) {
    caveats.push_back(
        fmt::format("{} is longer ago than keep_history: what ended before {} may be forgotten",
                    Rfc3339(at),
                    Rfc3339(kept)));
  }
  return caveats;
}

}  // namespace fettle::server
