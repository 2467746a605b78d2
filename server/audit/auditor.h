// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "lib/base/clock.h"
#include "server/store/store.h"

namespace fettle::server {

// Writes the audit log, and says the same in the server's own log. An entry that cannot be stored
// is logged as an error: what it tells of has happened. Safe from any thread.
class Auditor {
 public:
  Auditor(ReportStore& store, const Clock& clock) : store_(store), clock_(clock) {}

  // Something was done: `who` is "user/ann", "host/web1" or "server"; `act` "publish", "revoke" …
  void Act(std::string_view who, std::string_view act, std::string_view detail);

  // The same for what the store writes down together with the change that it tells of; `host` is
  // the one that it concerns, "" for none or several. Told() says it in the server's own log.
  AuditEntry Entry(std::string_view who,
                   std::string_view act,
                   std::string_view detail,
                   std::string_view host = "") const;
  static void Told(const AuditEntry& entry);

  // Something is asked that is answered only if it stands in the log. Errors of the store.
  absl::Status Record(const AuditEntry& entry);

  // Something was asked for and refused. Of these at most 60 a minute are kept, so that a stranger
  // cannot fill the disk; the next one kept says how many were not.
  void Denied(std::string_view who, std::string_view detail) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Store(std::string_view who, std::string_view act, std::string_view detail);

  ReportStore& store_;
  const Clock& clock_;
  absl::Mutex mutex_;
  absl::Duration minute_ ABSL_GUARDED_BY(mutex_);  // When the present minute began.
  uint32_t kept_ ABSL_GUARDED_BY(mutex_) = 0;      // In it.
  uint64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;   // Since the last one kept.
};

}  // namespace fettle::server
