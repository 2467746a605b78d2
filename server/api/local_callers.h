// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "server/api/peer.h"

namespace fettle::server {

// Who calls the services from inside this process: the HTTPS side, for people whom it knows by
// their certificate or cookie. A call names its caller by a random id that is good while the call
// lasts and never leaves the process. Safe from any thread.
class LocalCallers {
 public:
  // The header of a call that carries the id.
  static constexpr char kHeader[] = "fettle-local-caller";

  // Makes a caller known while it lives.
  class Entry {
   public:
    Entry(LocalCallers& callers, const Peer& peer);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    const std::string& id() const { return id_; }

   private:
    LocalCallers& callers_;
    const std::string id_;
  };

  std::optional<Peer> Find(std::string_view id) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  std::map<std::string, Peer, std::less<>> by_id_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fettle::server
