// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "lib/base/clock.h"
#include "lib/digest/digest.h"
#include "server/api/peer.h"

namespace fettle::server {

// People who are logged in with a browser, and the one-time tokens by which they become so. Of
// tokens and cookies only the digests are here, and in memory alone: a restart logs everybody out.
// Each stands for the certificate with which the token was asked for; who uses it checks that this
// is still good. Safe from any thread.
class WebSessions {
 public:
  explicit WebSessions(const Clock& clock) : clock_(clock) {}

  struct Ticket {
    std::string token;  // Said once.
    absl::Time expires;
  };

  struct Session {
    Peer peer;
    absl::Time expires;
  };

  struct Opened {
    std::string cookie;  // Said once.
    Session session;
  };

  // A token for `peer`, good once and for so long. Of one person's the oldest goes when there are
  // too many.
  Ticket Offer(const Peer& peer, absl::Duration valid) ABSL_LOCKS_EXCLUDED(mutex_);

  // Takes the token and opens a session of kSession, or for as long as the certificate is good.
  // kUnauthenticated: there is no such token (any more).
  absl::StatusOr<Opened> Open(std::string_view token) ABSL_LOCKS_EXCLUDED(mutex_);

  // The session of a cookie; nullopt: there is none (any more).
  std::optional<Session> Find(std::string_view cookie) ABSL_LOCKS_EXCLUDED(mutex_);

  void Close(std::string_view cookie) ABSL_LOCKS_EXCLUDED(mutex_);

  // How many are open.
  std::size_t Count() ABSL_LOCKS_EXCLUDED(mutex_);

  // Where the console is; 0 while there is none.
  void set_port(int port) { port_ = port; }

  int port() const { return port_; }

  static constexpr absl::Duration kSession = absl::Hours(12);
  static constexpr std::size_t kMostOfOne = 16;  // Tokens, and sessions, of one person.

 private:
  using Table = std::map<Digest, Session>;

  // Drops what has expired, and the oldest of `who` while there are too many.
  void MakeRoom(const std::string& who, Table* table) const;

  const Clock& clock_;
  std::atomic<int> port_ = 0;
  absl::Mutex mutex_;
  Table tokens_ ABSL_GUARDED_BY(mutex_);
  Table sessions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fettle::server
