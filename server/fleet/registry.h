// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "server/fleet/session.h"

namespace fettle::server {

// All open sessions, and which of them speaks for which host. Safe from any thread; calls of the
// sessions are made by the callers, never under its lock. Sessions are shared with gRPC's
// callbacks, which outlive what the registry knows.
class SessionRegistry {
 public:
  using SessionPtr = std::shared_ptr<Session>;

  // A stream was opened; nothing is known of it but its certificate.
  void Opened(const SessionPtr& session) ABSL_LOCKS_EXCLUDED(mutex_);

  // `session` speaks for its host from now on. Answers the session that did so before, on the same
  // machine (to be ended by the caller), or null. kAlreadyExists when another machine holds a live
  // session with the same certificate name: two hosts with one key.
  absl::StatusOr<SessionPtr> Claim(const SessionPtr& session, const std::string& machine_id)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Its stream is over.
  void Closed(const Session& session) ABSL_LOCKS_EXCLUDED(mutex_);

  // The session that speaks for `host`; null if there is none.
  SessionPtr Find(const std::string& host) const ABSL_LOCKS_EXCLUDED(mutex_);

  // Nobody speaks for `host` any more: its certificates are good no longer. Answers all its open
  // sessions, for the caller to end.
  std::vector<SessionPtr> Disown(const std::string& host) ABSL_LOCKS_EXCLUDED(mutex_);

  // All open sessions.
  std::vector<SessionPtr> All() const ABSL_LOCKS_EXCLUDED(mutex_);

  // How many hosts are connected.
  std::size_t Connected() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Claimed {
    SessionPtr session;
    std::string machine_id;
  };

  mutable absl::Mutex mutex_;
  std::map<const Session*, SessionPtr> open_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Claimed> by_host_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fettle::server
