// SPDX-License-Identifier: Apache-2.0
#include "server/fleet/registry.h"

#include <utility>

#include "lib/base/status_macros.h"

namespace fettle::server {

void SessionRegistry::Opened(const SessionPtr& session) {
  const absl::MutexLock lock(&mutex_);
  open_.emplace(session.get(), session);
}

absl::StatusOr<SessionRegistry::SessionPtr> SessionRegistry::Claim(const SessionPtr& session,
                                                                   const std::string& machine_id) {
  const absl::MutexLock lock(&mutex_);
  if (!open_.contains(session.get())) {
    return Aborted("the session of host {} is over already", session->host());
  }
  const auto [found, fresh] = by_host_.try_emplace(session->host(), Claimed{session, machine_id});
  if (fresh) {
    return SessionPtr();
  }
  if (found->second.machine_id != machine_id) {
    return absl::AlreadyExistsError(fmt::format(
        "two hosts with one key: \"{}\" is connected from the machine {}, and the machine {} uses "
        "the same certificate; was one cloned from the other? Enrol the clone under a name of its "
        "own",
        session->host(),
        found->second.machine_id,
        machine_id));
  }
  return std::exchange(found->second.session, session);
}

void SessionRegistry::Closed(const Session& session) {
  const absl::MutexLock lock(&mutex_);
  const auto found = by_host_.find(session.host());
  if (found != by_host_.end() && found->second.session.get() == &session) {
    by_host_.erase(found);
  }
  open_.erase(&session);
}

SessionRegistry::SessionPtr SessionRegistry::Find(const std::string& host) const {
  const absl::MutexLock lock(&mutex_);
  const auto found = by_host_.find(host);
  return found == by_host_.end() ? nullptr : found->second.session;
}

std::vector<SessionRegistry::SessionPtr> SessionRegistry::Disown(const std::string& host) {
  std::vector<SessionPtr> sessions;
  const absl::MutexLock lock(&mutex_);
  by_host_.erase(host);
  for (const auto& [key, session] : open_) {
    if (session->host() == host) {
      sessions.push_back(session);
    }
  }
  return sessions;
}

std::vector<SessionRegistry::SessionPtr> SessionRegistry::All() const {
  std::vector<SessionPtr> all;
  const absl::MutexLock lock(&mutex_);
  all.reserve(open_.size());
  for (const auto& [key, session] : open_) {
    all.push_back(session);
  }
  return all;
}

std::size_t SessionRegistry::Connected() const {
  const absl::MutexLock lock(&mutex_);
  return by_host_.size();
}

}  // namespace fettle::server
